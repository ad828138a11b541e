#!/usr/bin/env bash
# The host of Pulumi's dynamic providers (@pulumi/pulumi 3.270.0) waits for `configure` in a provider's first call only.
#
# A dynamic provider may have an asynchronous `configure`, and Pulumi calls it once per process. One expects every method to run
# after it. Only the call that comes first waits: a second one that arrives meanwhile finds the provider in the host's cache and
# runs before `configure` has ended. An engine that creates ten resources side by side sends such calls.
#
# Seen with Node.js 24, two calls of `Create` at once, and a `configure` that takes a second:
#   [{"id":"a","configured":true},{"id":"b","configured":false}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @pulumi/pulumi@3.270.0 @grpc/grpc-js@1.14.7 google-protobuf@3.21.4
cat >calls.cjs <<'PROGRAM'
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { credentials } = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const { ConfigureRequest, CreateRequest } = require("@pulumi/pulumi/proto/provider_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

const provider = `exports.handler = () => {
  let configured = false;
  return {
    async configure() {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      configured = true;
    },
    async create({ name }) {
      return { id: name, outs: { configured } };
    },
  };
};`;

(async () => {
  const host = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:1"]);
  const [port] = await once(host.stdout, "data");
  const client = new ResourceProviderClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
  const call = (method, request) =>
    new Promise((resolve, reject) => client[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));
  const configure = new ConfigureRequest();
  configure.setArgs(Struct.fromJavaScript({}));
  await call("configure", configure);
  const create = async (name) => {
    const request = new CreateRequest();
    request.setProperties(Struct.fromJavaScript({ __provider: provider, name }));
    const answer = await call("create", request);
    return { id: answer.getId(), configured: answer.getProperties().toJavaScript().configured };
  };
  console.log(JSON.stringify(await Promise.all([create("a"), create("b")])));
  client.close();
  host.kill();
})();
PROGRAM
seen=$(node calls.cjs)
echo "$seen"
[ "$seen" = '[{"id":"a","configured":true},{"id":"b","configured":false}]' ]
