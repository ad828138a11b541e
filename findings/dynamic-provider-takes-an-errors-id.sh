#!/usr/bin/env bash
# The host of Pulumi's dynamic providers (@pulumi/pulumi 3.276.0) takes any error with an `id` for an object that was made.
#
# `create` may throw an error with `id`, `properties` and `reasons` to say that the object exists and is not ready. An error of
# another library that has an `id` of its own, such as that of the refused request, is read in the same way: Pulumi gets it as the id of
# a resource that is half made, and saves it. With the same error without `id`, the creation fails and nothing is saved.
#
# Seen with Node.js 24, the message and the id that the engine gets:
#   without id: code 2, 403 Forbidden
#   with id:    code 2, 403 Forbidden, resource req-42
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @pulumi/pulumi@3.276.0 @grpc/grpc-js@1.14.7 google-protobuf@3.21.4
cat >calls.cjs <<'PROGRAM'
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { credentials } = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const { ConfigureRequest, CreateRequest, ErrorResourceInitFailed } = require("@pulumi/pulumi/proto/provider_pb.js");
const { Status } = require("@pulumi/pulumi/proto/status_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

const provider = `exports.handler = () => ({
  async create({ id }) {
    throw Object.assign(new Error("403 Forbidden"), id === undefined ? {} : { id });
  },
});`;

(async () => {
  const host = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:1"]);
  const [port] = await once(host.stdout, "data");
  const client = new ResourceProviderClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
  const call = (method, request) =>
    new Promise((resolve, reject) => client[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));
  const configure = new ConfigureRequest();
  configure.setArgs(Struct.fromJavaScript({}));
  await call("configure", configure);
  const create = async (inputs) => {
    const request = new CreateRequest();
    request.setProperties(Struct.fromJavaScript({ __provider: provider, ...inputs }));
    const error = await call("create", request).then(() => undefined, (reason) => reason);
    const [details] = error.metadata.get("grpc-status-details-bin");
    if (details === undefined) return `code ${error.code}, ${error.details}`;
    const [detail] = Status.deserializeBinary(details).getDetailsList();
    const made = ErrorResourceInitFailed.deserializeBinary(detail.getValue());
    return `code ${error.code}, ${error.details}, resource ${made.getId()}`;
  };
  console.log(`without id: ${await create({})}`);
  console.log(`with id:    ${await create({ id: "req-42" })}`);
  client.close();
  host.kill();
})();
PROGRAM
seen=$(node calls.cjs)
echo "$seen"
[ "$seen" = $'without id: code 2, 403 Forbidden\nwith id:    code 2, 403 Forbidden, resource req-42' ]
