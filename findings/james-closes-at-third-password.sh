#!/usr/bin/env bash
# Apache James 3.8.1 closes an IMAP connection at its third wrong password, without an answer.
#
# The first two get a tagged NO. For the third its source has an untagged BYE (`AbstractAuthProcessor.manageFailureCount`), but the
# connection ends before that is sent, with TLS and without. A client that tries several passwords, or several ways to log in, on one
# connection sees a lost connection in the place of a wrong password.
#
# Seen with OpenJDK 17, Maven 3.8.7 and james-server-memory-app 3.8.1 (120 MB, which take a minute or more the first time), the same
# on each of five connections:
#   a NO LOGIN failed. Invalid login/password.
#   b NO LOGIN failed. Invalid login/password.
#   c, without an answer
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>james</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.james</groupId><artifactId>james-server-memory-app</artifactId><version>3.8.1</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder/jars" >maven.log
read -r imap admin < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])')
mkdir conf
cat >conf/imapserver.xml <<CONF
<imapservers>
  <imapserver enabled="true">
    <jmxName>imap</jmxName>
    <bind>127.0.0.1:$imap</bind>
    <plainAuthDisallowed>false</plainAuthDisallowed>
    <auth><plainAuthEnabled>true</plainAuthEnabled><requireSSL>false</requireSSL></auth>
  </imapserver>
</imapservers>
CONF
cat >conf/mailetcontainer.xml <<'CONF'
<mailetcontainer>
  <context><postmaster>postmaster@example.test</postmaster></context>
  <spooler><threads>1</threads><errorRepository>memory://errors/</errorRepository></spooler>
  <processors>
    <processor state="root"><mailet match="All" class="ToProcessor"><processor>transport</processor></mailet></processor>
    <processor state="error"><mailet match="All" class="Null"/></processor>
    <processor state="transport">
      <mailet match="All" class="RemoveMimeHeader"><name>bcc</name></mailet>
      <mailet match="All" class="LocalDelivery"/>
    </processor>
  </processors>
</mailetcontainer>
CONF
echo '<smtpservers/>' >conf/smtpserver.xml
echo '<usersrepository><enableVirtualHosting>true</enableVirtualHosting></usersrepository>' >conf/usersrepository.xml
printf 'enabled=true\nhost=127.0.0.1\nport=%s\n' "$admin" >conf/webadmin.properties
echo 'enabled=false' >conf/jmap.properties
echo 'jmx.enabled=false' >conf/jmx.properties
java -Dworking.directory="$folder" -cp "$folder/jars/*" org.apache.james.MemoryJamesServerMain >log 2>&1 &
server=$!
for attempt in {1..600}; do
  curl -sf -o /dev/null "http://127.0.0.1:$admin/healthcheck" && break
  kill -0 "$server" 2>/dev/null || { tail -20 log; exit 1; }
  sleep 0.2
done
curl -sf -X PUT "http://127.0.0.1:$admin/domains/example.test"
curl -sf -X PUT -H 'Content-Type: application/json' -d '{"password":"right"}' "http://127.0.0.1:$admin/users/ops@example.test"
cat >ask.py <<'PROGRAM'
import socket, sys

for _ in range(5):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as connection:
        lines = connection.makefile("rwb")
        lines.readline()
        for tag in "abc":
            lines.write(f"{tag} LOGIN ops@example.test wrong\r\n".encode())
            lines.flush()
            print(lines.readline().decode().strip() or f"{tag}, without an answer")
PROGRAM
seen=$(python3 ask.py "$imap")
echo "$seen"
[ "$(sort <<<"$seen" | uniq -c | sed 's/^ *//')" = '5 a NO LOGIN failed. Invalid login/password.
5 b NO LOGIN failed. Invalid login/password.
5 c, without an answer' ]
