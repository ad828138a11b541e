#!/usr/bin/env bash
# imapflow 2.10.2 gives the text of an untagged BYE, and drops its response code.
#
# A server that is going down, or has too many connections, may greet with `* BYE [UNAVAILABLE] text` (RFC 3501, 7.1.5, and
# RFC 5530). For a tagged NO, imapflow puts such a code into `serverResponseCode`, so a program expects it there for BYE too.
# It is nowhere in the error: `code` is ClosedAfterConnectText, `reason` has the text without the brackets. Only the log has it.
#
# Seen with Node.js 24 and imapflow 2.10.2:
#   {"code":"ClosedAfterConnectText","reason":"Too many connections","logged":true}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund imapflow@2.10.2
cat >bye.mjs <<'PROGRAM'
import { createServer } from "node:net";
import { ImapFlow } from "imapflow";

const server = createServer((socket) => socket.end("* BYE [UNAVAILABLE] Too many connections\r\n"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const client = new ImapFlow({
  host: "127.0.0.1",
  port: server.address().port,
  secure: false,
  auth: { user: "u", pass: "p" },
  logger: false,
  emitLogs: true,
});
client.on("error", () => {});
let logged = false;
client.on("log", ({ src, msg }) => (logged ||= src === "s" && String(msg).includes("[UNAVAILABLE]")));
const error = await client.connect().catch((reason) => reason);
console.log(JSON.stringify({ code: error.code, reason: error.reason, serverResponseCode: error.serverResponseCode, logged }));
server.close();
PROGRAM
seen=$(node bye.mjs)
echo "$seen"
[ "$seen" = '{"code":"ClosedAfterConnectText","reason":"Too many connections","logged":true}' ]
