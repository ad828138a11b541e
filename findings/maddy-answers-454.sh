#!/usr/bin/env bash
# maddy 0.8.1 answers a wrong password over SMTP with a temporary error: 454 4.7.0, where RFC 4954 has 535 5.7.8.
#
# A client that goes by the first digit tells its user that the server is busy, and tries the same password again later. Over
# IMAP the same maddy answers a tagged NO.
#
# Seen with Go 1.26 and maddy 0.8.1 (its module is built in a copy of it, because its replacements of other modules hold only
# there; a first build takes minutes):
#   454 4.7.0 auth: invalid credentials (msg ID = …)
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
module=$(go mod download -json github.com/foxcpp/maddy@v0.8.1 | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
cp -r --no-preserve=mode "$module" source
(cd source && go build -o ../maddy ./cmd/maddy)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -keyout key.pem -out certificate.pem 2>/dev/null
echo "ops@example.test: $(./maddy hash --password right)" >users
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >maddy.conf <<CONF
state_dir $folder/state
runtime_dir $folder/run
hostname localhost
tls file $folder/certificate.pem $folder/key.pem
auth.pass_table users {
    table file $folder/users
}
storage.imapsql mailboxes {
    driver sqlite3
    dsn imapsql.db
}
submission tls://127.0.0.1:$port {
    auth &users
    default_source {
        deliver_to &mailboxes
    }
}
CONF
./maddy --config maddy.conf run >log 2>&1 &
server=$!
cat >ask.py <<'PROGRAM'
import smtplib, ssl, sys, time

context = ssl.create_default_context(cafile="certificate.pem")
context.check_hostname = False
for attempt in range(600):
    try:
        smtp = smtplib.SMTP_SSL("127.0.0.1", int(sys.argv[1]), context=context)
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
smtp.ehlo()
print(smtp.docmd("AUTH", "PLAIN " + "AG9wc0BleGFtcGxlLnRlc3QAd3Jvbmc="))
PROGRAM
seen=$(python3 ask.py "$port")
echo "$seen"
[[ $seen == *"454"*"invalid credentials"* ]]
