#!/usr/bin/env bash
# nylas 8.4.0 (Node.js) sends an S256 challenge that is not the one of RFC 7636.
#
# RFC 7636, 4.2: with the method S256 the challenge is the base64url encoding of the SHA-256 hash's 32 bytes, 43 characters.
# `auth.urlForOAuth2PKCE` says S256 and encodes the hash's hexadecimal digits instead, 86 characters. So a server that follows the
# RFC refuses the code, and a client that follows the RFC differs from Nylas's own.
#
# Seen with Node.js 24:
#   {"method":"s256","length":86,"ofBytes":false,"ofHexadecimalDigits":true}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund nylas@8.4.0
cat >challenge.cjs <<'PROGRAM'
const { createHash } = require("node:crypto");
const Nylas = require("nylas").default;

const nylas = new Nylas({ apiKey: "a key", apiUri: "http://127.0.0.1:1" });
const { url, secret } = nylas.auth.urlForOAuth2PKCE({ clientId: "a client", redirectUri: "http://127.0.0.1/back" });
const query = new URL(url).searchParams;
const challenge = query.get("code_challenge");
const digest = createHash("sha256").update(secret).digest();
const encoded = (text) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
console.log(
  JSON.stringify({
    method: query.get("code_challenge_method"),
    length: challenge.length,
    ofBytes: encoded(challenge) === digest.toString("base64url"),
    ofHexadecimalDigits: encoded(challenge) === Buffer.from(digest.toString("hex")).toString("base64url"),
  }),
);
PROGRAM
seen=$(node challenge.cjs)
echo "$seen"
[ "$seen" = '{"method":"s256","length":86,"ofBytes":false,"ofHexadecimalDigits":true}' ]
