"""Reads a mailbox as Python programs do, and prints what it has found as JSON."""

import email
import email.policy
import imaplib
import json
import ssl
import sys

host, port, username, password, ca, *searches = json.load(sys.stdin)
context = ssl.create_default_context(cadata=ca)
with imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=30) as client:
    client.login(username, password)
    folders = [line.decode() for line in client.list()[1]]
    selected = client.select()
    examined = client.select("INBOX", readonly=True)
    found = {}
    for search in searches:
        try:
            status, data = client.search(None, *search)
            found[" ".join(search)] = [int(number) for number in data[0].split()] if status == "OK" else status
        except imaplib.IMAP4.error as error:
            found[" ".join(search)] = str(error)
    client.literal = "GRÜ".encode()
    found["literal"] = [int(number) for number in client.search("UTF-8", "SUBJECT")[1][0].split()]
    by_uid = client.uid("SEARCH", "UNSEEN")[1][0].decode()
    _, fetched = client.fetch("2", "(BODYSTRUCTURE BODY.PEEK[1] BODY.PEEK[2.MIME])")
    structure, *pieces = [(item[0] + b"|" + item[1]).decode() for item in fetched if isinstance(item, tuple)]
    _, plain = client.fetch("2", "(BODY BODYSTRUCTURE)")
    _, whole = client.fetch("2", "(RFC822)")
    message = email.message_from_bytes(whole[0][1], policy=email.policy.default)
    parts = [part.get_content_type() for part in message.walk()]
    print(json.dumps({
        "folders": folders,
        "selected": [selected[0], selected[1][0].decode()],
        "examined": examined[0],
        "found": found,
        "by_uid": by_uid,
        "structure": plain[0].decode(),
        "sections": [structure, *pieces],
        "parts": parts,
    }))
