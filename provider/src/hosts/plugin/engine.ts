import { AsyncLocalStorage } from "node:async_hooks";
import { credentials } from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";

/** The resource that the present call is about. */
const current = new AsyncLocalStorage<string>();

let engine: InstanceType<typeof rpc.EngineClient> | undefined;
let connected: string | undefined;

/** An engine tells its address: the one that started this process, or each one that a process started by hand is attached to. */
export function connectEngine(address: string): void {
  if (address === "" || address === connected) return;
  engine?.close();
  engine = new rpc.EngineClient(address, credentials.createInsecure());
  connected = address;
}

/** Runs work whose notices are about a resource. */
export function about<T>(urn: string, work: () => T): T {
  return current.run(urn, work);
}

/** Shows a line under its resource. Without an engine it goes to standard error. */
export function show(line: string): void {
  if (engine === undefined) {
    process.stderr.write(`${line}\n`);
    return;
  }
  const request = new messages.LogRequest();
  request.setSeverity(messages.LogSeverity.INFO);
  request.setMessage(line);
  request.setUrn(current.getStore() ?? "");
  // An engine that has died shows nothing.
  engine.log(request, () => {});
}
