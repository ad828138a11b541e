#!/usr/bin/env bash
# The server that @pulumi/pulumi 3.270.0 offers to authors of native providers does not hand the provider its configuration.
#
# `pulumi.provider.main` serves an object of the interface `Provider` over gRPC. The engine sends the provider's configuration, that
# of an explicit provider too, in `Configure`. One expects a method of the object to receive it. The server answers and drops it: no
# method is called, whatever its name. What is left is the variable PULUMI_CONFIG, which has the stack's configuration and not that
# of an explicit provider.
#
# Seen with Node.js 24, methods called between the start and the answer to `Configure`:
#   {"acceptsSecrets":true,"called":[]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @pulumi/pulumi@3.270.0 @grpc/grpc-js@1.14.7 google-protobuf@3.21.4
cat >provider.cjs <<'PROGRAM'
const { appendFileSync } = require("node:fs");
const { main } = require("@pulumi/pulumi/provider");

const known = { version: "1.0.0" };
const provider = new Proxy(known, {
  get: (target, name) => {
    if (name in target || typeof name === "symbol") return target[name];
    return () => appendFileSync("called", `${name}\n`);
  },
});
main(provider, process.argv.slice(2));
PROGRAM
cat >calls.cjs <<'PROGRAM'
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { existsSync, readFileSync } = require("node:fs");
const { credentials } = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const { ConfigureRequest } = require("@pulumi/pulumi/proto/provider_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

(async () => {
  const server = spawn(process.execPath, ["provider.cjs", "127.0.0.1:1"]);
  const [port] = await once(server.stdout, "data");
  const client = new ResourceProviderClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
  const request = new ConfigureRequest();
  request.setArgs(Struct.fromJavaScript({ region: "eu" }));
  const answer = await new Promise((resolve, reject) =>
    client.configure(request, (error, configured) => (error ? reject(error) : resolve(configured))),
  );
  const called = existsSync("called") ? readFileSync("called", "utf8").trim().split("\n") : [];
  console.log(JSON.stringify({ acceptsSecrets: answer.getAcceptsecrets(), called }));
  client.close();
  server.kill();
})();
PROGRAM
seen=$(node calls.cjs)
echo "$seen"
[ "$seen" = '{"acceptsSecrets":true,"called":[]}' ]
