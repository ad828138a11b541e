#!/usr/bin/env bash
# nylas 8.4.0 (Node.js): the unit of a request's `timeout` depends on its size.
#
# The client's `timeout` is in seconds. `overrides.timeout` of one request is in seconds below 1000, and in milliseconds from 1000
# on. So a limit that is raised from 999 to 1000 falls from over 16 minutes to one second.
#
# Seen with Node.js 24 and a server that answers after three seconds:
#   {"999":"answered","1000":"no answer within 1 s"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund nylas@8.4.0
cat >timeout.cjs <<'PROGRAM'
const { once } = require("node:events");
const { createServer } = require("node:http");
const Nylas = require("nylas").default;

const ANSWERS_AFTER_MS = 3000;

(async () => {
  const server = createServer((_, response) => {
    const answer = () => response.writeHead(200, { "content-type": "application/json" }).end('{"request_id":"r","data":[]}');
    setTimeout(answer, ANSWERS_AFTER_MS);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const nylas = new Nylas({ apiKey: "a key", apiUri: `http://127.0.0.1:${server.address().port}` });
  const outcome = async (timeout) => {
    try {
      await nylas.grants.list({ overrides: { timeout } });
      return "answered";
    } catch (error) {
      return `no answer within ${error.timeout} s`;
    }
  };
  console.log(JSON.stringify({ 999: await outcome(999), 1000: await outcome(1000) }));
  server.closeAllConnections();
  server.close();
})();
PROGRAM
seen=$(node timeout.cjs)
echo "$seen"
[ "$seen" = '{"999":"answered","1000":"no answer within 1 s"}' ]
