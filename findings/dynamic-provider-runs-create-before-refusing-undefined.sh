#!/usr/bin/env bash
# The host of Pulumi's dynamic providers (@pulumi/pulumi 3.270.0) refuses an undefined output after `create` has made the object.
#
# In JavaScript a property with the value undefined usually counts as absent: JSON leaves it out, and so does a Pulumi program that
# passes it as an input. An output of a dynamic provider is different. The host converts outputs with google-protobuf, which has no
# value for undefined, so a `create` that returned `{ outs: { seen: undefined } }` fails after it has run. The engine never learns
# the id, and what was made belongs to no resource.
#
# Seen with Node.js 24:
#   {"made":["object-1"],"answer":"Unexpected struct type."}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @pulumi/pulumi@3.270.0 @grpc/grpc-js@1.14.7 google-protobuf@3.21.4
cat >calls.cjs <<'PROGRAM'
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const { credentials } = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const { ConfigureRequest, CreateRequest } = require("@pulumi/pulumi/proto/provider_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

const provider = `exports.handler = () => ({
  async create() {
    require("node:fs").appendFileSync("made", "object-1");
    return { id: "object-1", outs: { seen: undefined } };
  },
});`;

(async () => {
  const host = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:1"]);
  const [port] = await once(host.stdout, "data");
  const client = new ResourceProviderClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
  const configure = new ConfigureRequest();
  configure.setArgs(Struct.fromJavaScript({}));
  await new Promise((resolve) => client.configure(configure, resolve));
  const request = new CreateRequest();
  request.setProperties(Struct.fromJavaScript({ __provider: provider }));
  const error = await new Promise((resolve) => client.create(request, resolve));
  const made = readFileSync("made", "utf8").split("\n");
  console.log(JSON.stringify({ made, answer: error?.details }));
  client.close();
  host.kill();
})();
PROGRAM
seen=$(node calls.cjs)
echo "$seen"
[ "$seen" = '{"made":["object-1"],"answer":"Unexpected struct type."}' ]
