/** The process of the plugin: the engine starts it, reads a port from its first line, and ends it with the run. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { preparePluginProcess } from "../plugin-process.js";
import { serveEngine } from "./server.js";

/** The package's version, which the bundler fills in. */
declare const PLUGIN_VERSION: string;

/** The engine's messages hold every input of a resource, and Pulumi's own limit is as large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

preparePluginProcess();
const options = {
  // Statistics that nobody asks for.
  "grpc.enable_channelz": 0,
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};
const server = new Server(options);
server.addService(rpc.ResourceProviderService, serveEngine(PLUGIN_VERSION));
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
