"""What a user of Nylas's Python SDK does, step by step, against the emulator named in WALK.

Each step prints one line of JSON when it is done: its name, and what was wrong, if anything. The last line names the
version of the SDK and counts its calls. Which steps there must be stands in steps.ts.
"""

import json
import os
import traceback
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode

STEPS = []


def step(name):
    """The steps run in the order in which they stand here; one that fails does not keep the others from running."""

    def register(run):
        STEPS.append((name, run))
        return run

    return register


class Walk:
    """What the steps know of the emulator, and what they leave for each other."""

    def __init__(self, given):
        self.api_uri = given["apiUri"]
        self.api_key = given["apiKey"]
        self.application_id = given["applicationId"]
        self.imap = given["imap"]
        self.smtp = given["smtp"]
        self.users = given["users"]
        self.answers = given["answers"]
        self.nylas = self.client()
        self.grants = []

    def client(self, api_key=None, timeout=90):
        from nylas import Client

        return Client(api_key or self.api_key, self.api_uri, timeout)

    def answer(self, question):
        return self.answers[question]

    def settings(self, index, **other):
        user = self.users[index]
        return {
            "imap_username": user["username"],
            "imap_password": user["password"],
            "imap_host": self.imap["host"],
            "imap_port": self.imap["port"],
            "smtp_host": self.smtp["host"],
            "smtp_port": self.smtp["port"],
            **other,
        }

    def authenticate(self, index, **other):
        return self.authenticate_with(self.settings(index), **other)

    def authenticate_with(self, settings, **other):
        return self.nylas.auth.custom_authentication({"provider": "imap", "settings": settings, **other})

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.api_uri}/_emulator/{path}",
            method=method,
            headers={"authorization": f"Bearer {self.api_key}"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def failing(self, *rules):
        """The faults that the next calls meet; none after this."""
        return Faults(self, rules)

    def send_form(self, url, form):
        """Sends the hosted form as a browser would, which does not follow to the application."""
        opener = urllib.request.build_opener(NoRedirect)
        try:
            opener.open(url, urllib.parse.urlencode(form).encode())
        except urllib.error.HTTPError as answer:
            return answer
        raise AssertionError("the hosted form leads nowhere")

    def fill_in(self, url, index):
        """Fills in the whole form, and takes what the person is sent on with."""
        answer = self.send_form(url, self.settings(index))
        equal(answer.code, 303)
        target = urllib.parse.urlparse(answer.headers["location"])
        return dict(urllib.parse.parse_qsl(target.query))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Faults:
    def __init__(self, walk, rules):
        self.walk, self.rules = walk, list(rules)

    def __enter__(self):
        self.walk.control("PUT", "faults", {"rules": self.rules})

    def __exit__(self, *_):
        self.walk.control("DELETE", "faults")


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def imap_only(settings):
    return {name: value for name, value in settings.items() if name.startswith("imap_")}


def refusal(kind, call, **fields):
    """What the SDK throws must be exactly of this class, with these fields."""
    try:
        call()
    except Exception as error:
        assert type(error) is kind, f"found {type(error).__name__}: {error}, expected {kind.__name__}"
        for name, expected in fields.items():
            found = getattr(error, name)
            assert found == expected, f"{name}: found {found!r}, expected {expected!r}"
        return error
    raise AssertionError(f"nothing was refused, expected {kind.__name__}")


def api_refusal(call, **fields):
    from nylas.models.errors import NylasApiError

    error = refusal(NylasApiError, call, **fields)
    assert len(error.request_id) == 36, f"request id {error.request_id!r}"
    assert str(error) != "", "no message"
    return error


REDIRECT_URI = "http://localhost:3000/callback"
FAR_OFF = 4_000_000_000
CSV = "Größe;2\r\n".encode()
NOBODY = "6e0f4a3e-0000-4000-8000-000000000000"


@step("reads the details of the application")
def application(walk):
    response = walk.nylas.applications.info()
    equal(response.data.application_id, walk.application_id)
    equal(response.data.region, "us")
    equal(len(response.request_id), 36)


@step("makes a connector without a name, and deletes it")
def unnamed_connector(walk):
    # The SDK does not show names.
    equal(walk.nylas.connectors.create({"provider": "imap"}).data.provider, "imap")
    equal(len(walk.nylas.connectors.destroy("imap").request_id), 36)


@step("has no connector until one is made, and no grant without one")
def connector(walk):
    connectors = walk.nylas.connectors
    equal(connectors.list().data, [])
    api_refusal(lambda: connectors.find("imap"), status_code=404)
    api_refusal(lambda: walk.authenticate(0), status_code=int(walk.answer("missingConnector")))
    made = connectors.create({"provider": "imap", "name": "mail"})
    equal(made.data.provider, "imap")
    equal(connectors.find("imap").data, made.data)
    equal(connectors.list().data, [made.data])


@step("is refused a second connector")
def second_connector(walk):
    status = int(walk.answer("duplicateConnector"))
    again = {"provider": "imap", "name": "again"}
    error = api_refusal(lambda: walk.nylas.connectors.create(again), status_code=status)
    assert "already exists" in str(error), str(error)


@step("changes the connector with the method of its own")
def update_connector(walk):
    changed = walk.nylas.connectors.update("imap", {"name": "renamed"})
    equal(changed.data.provider, "imap")
    last = walk.control("GET", "requests")["data"][-1]
    equal((last["method"], last["path"], last["status"]), ("PATCH", "/v3/connectors/imap", 200))


@step("makes a grant of each mailbox, and the same one of the same mailbox")
def custom_authentication(walk):
    walk.grants = [walk.authenticate(0, state="mine").data, walk.authenticate(1).data, walk.authenticate(2).data]
    equal(len({grant.id for grant in walk.grants}), 3)
    for grant, user in zip(walk.grants, walk.users):
        equal((grant.email, grant.provider, grant.grant_status), (user["username"], "imap", "valid"))
    equal(walk.authenticate(1).data.id, walk.grants[1].id)


@step("is refused a wrong password, which leaves the grant as it was")
def wrong_password(walk):
    before = walk.nylas.grants.find(walk.grants[0].id).data
    settings = walk.settings(0, imap_password="not-the-password")
    status = int(walk.answer("badCredentials"))
    call = lambda: walk.authenticate_with(settings)
    error = api_refusal(call, status_code=status, type="grant.invalid_authentication")
    assert "not-the-password" not in str(error), "the password is in the message"
    equal(walk.nylas.grants.find(walk.grants[0].id).data, before)
    again = lambda: walk.authenticate_with(walk.settings(0, imap_password="nor is this"))
    api_refusal(again, status_code=status, type="grant.invalid_authentication")
    kind = "grant.invalid_authentication" if walk.answer("authLimit") == "off" else "grant.auth_limit_reached"
    api_refusal(again, status_code=status, type=kind)
    accented = lambda: walk.authenticate_with(walk.settings(1, imap_password="p\u00e4ssword"))
    api_refusal(accented, type="grant.invalid_authentication")


@step("is refused a mail server that does not answer")
def unreachable(walk):
    settings = walk.settings(0, imap_port=9)
    kinds = {"504": "api.provider_error", "400": "grant.provider_not_responding"}
    status = walk.answer("unreachableHost")
    call = lambda: walk.authenticate_with(settings)
    api_refusal(call, status_code=int(status), type=kinds[status])


@step("lists grants page by page")
def list_grants(walk):
    pages = []
    for offset in (0, 2, 4):
        page = walk.nylas.grants.list({"limit": 2, "offset": offset, "order_by": "asc"})
        pages.append([grant.id for grant in page.data])
    ids = [grant.id for grant in walk.grants]
    equal(pages, [ids[:2], ids[2:], []])


@step("finds grants by address, provider and status")
def filter_grants(walk):
    hidden = walk.answer("listLagSeconds") != "0"
    ids = [grant.id for grant in walk.grants]
    find = lambda **query: sorted(grant.id for grant in walk.nylas.grants.list(query).data)
    equal(find(email=walk.users[1]["username"].upper()), [] if hidden else [ids[1]])
    equal(find(provider="imap", limit=200), [] if hidden else sorted(ids))
    equal(find(email="nobody@example.test"), [])
    equal(find(provider="google"), [])
    equal(find(grant_status="invalid"), [])
    equal(find(grant_status="valid"), sorted(ids))


@step("reads a grant, whatever it shows of its scope and its settings")
def find_grant(walk):
    grant = walk.nylas.grants.find(walk.grants[0].id).data
    equal((grant.id, grant.email), (walk.grants[0].id, walk.users[0]["username"]))
    # Without the field the SDK fills in its own default.
    equal(grant.scope, None if walk.answer("scope") == "null" else [])
    assert isinstance(grant.created_at, int), grant.created_at
    full = walk.settings(0)
    hosts = {name: value for name, value in full.items() if name != "imap_password"}
    equal(grant.settings, {"omitted": None, "hosts": hosts, "full": full}[walk.answer("settingsEcho")])


@step("is told of a grant that is not there, and of an endpoint that is not played")
def not_found(walk):
    kinds = {"specific": "grant.not_found", "generic": "api.not_found_error", "plain": "not_found_error"}
    kind = kinds[walk.answer("notFoundType")]
    status = int(walk.answer("missingGrant"))
    expected = {"status_code": status, **({"type": kind} if status == 404 else {})}
    api_refusal(lambda: walk.nylas.grants.find(NOBODY), **expected)
    api_refusal(lambda: walk.nylas.grants.destroy(NOBODY), **expected)
    api_refusal(lambda: walk.nylas.messages.list(NOBODY), status_code=status)
    api_refusal(lambda: walk.nylas.calendars.list(walk.grants[0].id), status_code=501)


@step("replaces the settings of a grant, after which it only receives")
def update_grant(walk):
    settings = imap_only(walk.settings(2))
    equal(walk.nylas.grants.update(walk.grants[2].id, {"settings": settings}).data.id, walk.grants[2].id)
    message = {"to": [{"email": walk.users[0]["username"]}], "subject": "not sent"}
    status = int(walk.answer("missingSmtp"))
    error = api_refusal(lambda: walk.nylas.messages.send(walk.grants[2].id, message), status_code=status)
    assert "smtphost" in str(error), str(error)


@step("sends a message, which arrives in the other mailbox")
def send(walk):
    sender, receiver = walk.grants[0].id, walk.grants[1].id
    equal(walk.nylas.messages.list(receiver).data, [])
    to = {"name": "Billing", "email": walk.users[1]["username"]}
    file = {"filename": "März.csv", "content_type": "text/csv", "size": len(CSV), "content": b64encode(CSV).decode()}
    message = {"to": [to], "subject": "Grüße über SMTP", "body": "<p>arrived – wirklich</p>", "attachments": [file]}
    sent = walk.nylas.messages.send(sender, message).data
    equal((sent.grant_id, sent.subject), (sender, "Grüße über SMTP"))
    [arrived] = walk.nylas.messages.list(receiver).data
    equal((arrived.id, arrived.grant_id, arrived.subject), (sent.id, receiver, "Grüße über SMTP"))
    equal(arrived.from_, [{"email": walk.users[0]["username"]}])
    equal(arrived.to, [to])
    equal(arrived.unread, True)
    equal(arrived.body, "<p>arrived – wirklich</p>")
    [attachment] = arrived.attachments
    equal((attachment.filename, attachment.content_type, attachment.size), ("März.csv", "text/csv", len(CSV)))


@step("reads a mailbox page by page")
def messages(walk):
    sender, receiver = walk.grants[1].id, walk.grants[0].id
    for subject in ("first", "second", "third"):
        to = [{"email": walk.users[0]["username"]}]
        walk.nylas.messages.send(sender, {"to": to, "subject": subject})
    pages, token = [], None
    while token is not None or not pages:
        query = {"limit": 2, **({} if token is None else {"page_token": token})}
        page = walk.nylas.messages.list(receiver, query)
        pages.append([message.subject for message in page.data])
        token = page.next_cursor
    equal(pages, [["third", "second"], ["first"]])


@step("finds messages by subject, address, time and state")
def find_messages(walk):
    own, other = walk.users[0]["username"], walk.users[1]["username"]

    def subjects(**query):
        return [message.subject for message in walk.nylas.messages.list(walk.grants[0].id, query).data]

    found = ["third", "second", "first"]
    equal(subjects(subject="eco"), ["second"])
    equal(subjects(**{"from": other, "to": own, "unread": True, "starred": False}), found)
    equal(subjects(any_email=["nobody@example.test", other.upper()], limit=2), found[:2])
    equal(subjects(received_after=0, received_before=FAR_OFF), found)
    for query in ({"cc": own}, {"unread": False}, {"received_after": FAR_OFF}, {"subject": "SECOND"}):
        equal(subjects(**query), [])
    api_refusal(lambda: subjects(search_query_native="second"), status_code=400)


@step("lists the folders of a mailbox, and the messages in each")
def folders(walk):
    grant = walk.grants[0].id
    found = {}
    for folder in walk.nylas.folders.list(grant).data:
        equal(folder.grant_id, grant)
        arrived = walk.nylas.messages.list(grant, {"in": folder.id}).data
        equal([message.folders for message in arrived], [[folder.id]] * len(arrived))
        # The sender has read its own message.
        unread = 0 if folder.name == "Sent" else len(arrived)
        equal((folder.total_count, folder.unread_count), (len(arrived), unread))
        found[folder.name] = len(arrived)
    equal(found, {"INBOX": 3, "Sent": 1, "Drafts": 0, "Trash": 0})
    api_refusal(lambda: walk.nylas.messages.list(grant, {"in": "Nowhere"}), status_code=404)


@step("reads one message and one folder by its id")
def find_by_id(walk):
    grant, nylas = walk.grants[0].id, walk.nylas
    message = nylas.messages.list(grant).data[0]
    equal(nylas.messages.find(grant, message.id).data, message)
    for folder in nylas.folders.list(grant).data:
        equal(nylas.folders.find(grant, folder.id).data, folder)
    api_refusal(lambda: nylas.messages.find(grant, "<nothing@example.test>"), status_code=404)
    api_refusal(lambda: nylas.folders.find(grant, "Nowhere"), status_code=404)


@step("is told that the password of a mailbox has changed")
def changed_password(walk):
    grant, user = walk.grants[2], walk.users[2]
    path = "mailboxes/" + urllib.parse.quote(user["username"])
    walk.control("PUT", path, {"password": "another one"})
    api_refusal(lambda: walk.nylas.messages.list(grant.id), status_code=int(walk.answer("invalidGrant")))
    equal(walk.nylas.grants.find(grant.id).data.grant_status, "invalid")
    walk.control("PUT", path, {"password": user["password"]})
    equal(walk.authenticate(2).data.id, grant.id)
    equal(walk.nylas.grants.find(grant.id).data.grant_status, "valid")


@step("is refused the mailbox of a grant that Nylas has blocked")
def blocked_grant(walk):
    grant_id = walk.grants[2].id
    walk.control("PATCH", f"grants/{grant_id}", {"blocked": True})
    equal(walk.nylas.grants.find(grant_id).data.grant_status, "valid")
    api_refusal(lambda: walk.nylas.messages.list(grant_id), status_code=int(walk.answer("blockedGrant")))
    walk.control("PATCH", f"grants/{grant_id}", {"blocked": False})
    equal(walk.nylas.messages.list(grant_id).data, [])


@step("sends a person through the hosted form, SMTP included, and exchanges the code once")
def hosted(walk):
    from nylas.models.errors import NylasOAuthError

    auth = walk.nylas.auth
    config = {"client_id": walk.application_id, "redirect_uri": REDIRECT_URI, "provider": "imap"}
    url = auth.url_for_oauth2({**config, "state": "from-the-walk", "smtp_required": True})
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(url).query))
    equal(query["options"], "smtp_required")
    equal(walk.send_form(url, imap_only(walk.settings(0))).code, 400)
    answer = walk.fill_in(url, 0)
    equal(answer["state"], "from-the-walk")
    exchange = {"client_id": walk.application_id, "redirect_uri": REDIRECT_URI, "code": answer["code"]}
    token = auth.exchange_code_for_token({**exchange})
    equal((token.grant_id, token.email), (walk.grants[0].id, walk.users[0]["username"]))
    again = refusal(NylasOAuthError, lambda: auth.exchange_code_for_token({**exchange}), status_code=400)
    equal(again.error, "invalid_grant")
    # This class has no other place for it.
    equal(len(again.headers["x-request-id"]), 36)


@step("does the same with PKCE, where a wrong verifier is refused")
def pkce(walk):
    from nylas.models.errors import NylasOAuthError

    auth = walk.nylas.auth
    for right in (False, True):
        config = {"client_id": walk.application_id, "redirect_uri": REDIRECT_URI, "provider": "imap"}
        made = auth.url_for_oauth2_pkce(config)
        code = walk.fill_in(made.url, 1)["code"]
        exchange = {"client_id": walk.application_id, "redirect_uri": REDIRECT_URI, "code": code}
        if right and walk.answer("s256Challenge") == "hex":
            token = auth.exchange_code_for_token({**exchange, "code_verifier": made.secret})
            equal(token.grant_id, walk.grants[1].id)
        else:
            verifier = made.secret if right else "guessed"
            call = lambda: auth.exchange_code_for_token({**exchange, "code_verifier": verifier})
            equal(refusal(NylasOAuthError, call, status_code=400).error, "invalid_grant")


@step("uses the tokens of a log-in in the place of the key: reads, renews, asks about them and revokes them")
def tokens(walk):
    from nylas.models.errors import NylasOAuthError

    nylas, grant = walk.nylas, walk.grants[1].id
    application = {"client_id": walk.application_id, "redirect_uri": REDIRECT_URI}
    url = nylas.auth.url_for_oauth2({**application, "provider": "imap", "access_type": "offline"})
    code = walk.fill_in(url, 1)["code"]
    token = nylas.auth.exchange_code_for_token({**application, "code": code})
    own = walk.client(api_key=token.access_token)
    equal(own.grants.find("me").data, nylas.grants.find(grant).data)
    equal(own.messages.list("me").data, nylas.messages.list(grant).data)
    api_refusal(own.grants.list, status_code=401)
    api_refusal(lambda: nylas.messages.list("me"), status_code=401)
    info = nylas.auth.validate_access_token(token.access_token).data
    equal((info.sub, info.email), (grant, walk.users[1]["username"]))
    equal(nylas.auth.id_token_info(token.id_token).data, info)
    renewal = {**application, "refresh_token": token.refresh_token}
    renewed = nylas.auth.refresh_access_token({**renewal})
    equal(walk.client(api_key=renewed.access_token).messages.list("me").data, own.messages.list("me").data)
    equal(nylas.auth.revoke(renewed.access_token), True)
    api_refusal(lambda: own.messages.list("me"), status_code=401)
    refusal(NylasOAuthError, lambda: nylas.auth.refresh_access_token({**renewal}), status_code=400)
    refusal(NylasOAuthError, lambda: nylas.auth.revoke(token.access_token), status_code=400)


@step("detects the provider of an address")
def detect(walk):
    found = walk.nylas.auth.detect_provider({"email": "somebody@gmail.com"}).data
    equal((found.provider, found.detected), ("google", True))
    equal(walk.nylas.auth.detect_provider({"email": "somebody@nowhere.invalid"}).data.detected, False)


@step("throws for 400, when an argument is wrong")
def bad_request(walk):
    expected = {"status_code": 400, "type": "api.invalid_request_error", "provider_error": None}
    api_refusal(lambda: walk.authenticate_with({}), **expected)
    api_refusal(lambda: walk.nylas.grants.list({"limit": "many"}), **expected)


@step("throws for 401, on every route that takes a key")
def unauthorized(walk):
    stranger = walk.client(api_key="nyk_somebody_elses")
    request = {"provider": "imap", "settings": walk.settings(0)}
    for call in (
        stranger.applications.info,
        stranger.connectors.list,
        stranger.grants.list,
        lambda: stranger.grants.find(walk.grants[0].id),
        lambda: stranger.messages.list(walk.grants[0].id),
        lambda: stranger.auth.custom_authentication(request),
    ):
        api_refusal(call, status_code=401, type=walk.answer("unauthorizedType"))


@step("throws for 429, whether it says how long to wait or not")
def rate_limit(walk):
    expected = {"status_code": 429, "type": walk.answer("rateLimitType")}
    with walk.failing({"path": "/v3/grants", "status": 429, "retryAfter": 7}):
        equal(api_refusal(walk.nylas.grants.list, **expected).headers["Retry-After"], "7")
    with walk.failing({"path": "/v3/grants", "status": 429}):
        wait = api_refusal(walk.nylas.grants.list, **expected).headers.get("Retry-After")
        equal(wait, None if walk.answer("rateLimitRetryAfter") == "none" else "1")


@step("throws for 500, 502, 503 and 504")
def server_errors(walk):
    for status in (500, 502, 503, 504):
        with walk.failing({"path": "/v3/grants", "status": status}):
            kind = "api.provider_error" if status == 504 else "api.internal_error"
            api_refusal(walk.nylas.grants.list, status_code=status, type=kind)


@step("throws for an answer that does not come in time, and for one that breaks off")
def no_answer(walk):
    from nylas.models.errors import NylasSdkTimeoutError
    import requests

    impatient = walk.client(timeout=1)
    with walk.failing({"path": "/v3/grants", "delayMs": 60_000}):
        refusal(NylasSdkTimeoutError, impatient.grants.list, timeout=1, url=f"{walk.api_uri}/v3/grants")
    with walk.failing({"path": "/v3/grants", "reset": True}):
        refusal(requests.exceptions.ConnectionError, walk.nylas.grants.list)


@step("deletes a grant, and then there is none")
def destroy_grant(walk):
    grant = walk.grants[0].id
    equal(len(walk.nylas.grants.destroy(grant).request_id), 36)
    status = int(walk.answer("missingGrant"))
    api_refusal(lambda: walk.nylas.grants.find(grant), status_code=status)
    api_refusal(lambda: walk.nylas.messages.list(grant), status_code=status)


@step("deletes the connector, after which no mailbox can be connected")
def destroy_connector(walk):
    walk.nylas.connectors.destroy("imap")
    equal(walk.nylas.connectors.list().data, [])
    api_refusal(lambda: walk.authenticate(0), status_code=int(walk.answer("missingConnector")))
    find = lambda: walk.nylas.grants.find(walk.grants[1].id)
    if walk.answer("connectorDelete") == "purge" or walk.answer("connectorDeleteGraceSeconds") == "0":
        api_refusal(find, status_code=int(walk.answer("missingGrant")))
    else:
        equal(find().data.grant_status, "invalid")


def count_calls():
    """Each call of the SDK goes through here, once."""
    from nylas.handler.http_client import HttpClient

    calls = {"number": 0}
    execute = HttpClient._execute

    def counting(self, *args, **kwargs):
        calls["number"] += 1
        return execute(self, *args, **kwargs)

    HttpClient._execute = counting
    return calls


def say(line):
    print(json.dumps(line), flush=True)


def main():
    from nylas._client_sdk_version import __VERSION__

    calls = count_calls()
    walk = Walk(json.loads(os.environ["WALK"]))
    for name, run in STEPS:
        try:
            run(walk)
            say({"step": name})
        except Exception:
            say({"step": name, "wrong": traceback.format_exc()})
    say({"version": __VERSION__, "calls": calls["number"]})


main()
