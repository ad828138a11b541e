#!/usr/bin/env bash
# nylas 8.4.0 (Node.js) drops the status of an answer that is not JSON.
#
# A refusal with JSON becomes a NylasApiError with `statusCode` and `requestId`, and one expects those of an HTML page too: they are
# in the answer's first line and its headers, which have been read. What is thrown for a gateway's page is a plain Error: the status
# and the headers are nowhere, and the page is part of the message. A program cannot tell a 404 from a 502, so it cannot know whether
# to try again.
#
# Seen with Node.js 24, a 502 with JSON and one with HTML:
#   [{"type":"NylasApiError","statusCode":502},{"type":"Error"}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund nylas@8.4.0
cat >page.cjs <<'PROGRAM'
const { once } = require("node:events");
const { createServer } = require("node:http");
const Nylas = require("nylas").default;

const ANSWERS = {
  json: ["application/json", JSON.stringify({ request_id: "r", error: { type: "api.internal_error", message: "no" } })],
  html: ["text/html", "<h1>Bad Gateway</h1>"],
};

(async () => {
  const server = createServer((request, response) => {
    const [type, body] = ANSWERS[request.url.includes("limit=1") ? "json" : "html"];
    response.writeHead(502, { "content-type": type }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const nylas = new Nylas({ apiKey: "a key", apiUri: `http://127.0.0.1:${server.address().port}` });
  const thrown = async (limit) => {
    const error = await nylas.grants.list({ queryParams: { limit } }).catch((reason) => reason);
    return { type: error.constructor.name, statusCode: error.statusCode };
  };
  console.log(JSON.stringify([await thrown(1), await thrown(2)]));
  server.closeAllConnections();
  server.close();
})();
PROGRAM
seen=$(node page.cjs)
echo "$seen"
[ "$seen" = '[{"type":"NylasApiError","statusCode":502},{"type":"Error"}]' ]
