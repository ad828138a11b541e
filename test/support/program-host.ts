/**
 * Runs the programs of test stacks for the engine, all in one process: starting Node and loading Pulumi's SDK takes longer than
 * anything that a test's program does. The server is Pulumi's own, the one behind inline programs of its Automation API.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import * as automation from "@pulumi/pulumi/automation/server.js";
import rpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import * as settings from "@pulumi/pulumi/runtime/settings.js";

/** Asks for a port at which the engine finds this program. */
export interface ProgramRequest {
  id: number;
  /** A CommonJS program. */
  file: string;
}

export interface ProgramAnswer {
  id: number;
  port: number;
}

// When an engine is killed, its program's calls fail. Nobody waits for their results.
process.on("uncaughtException", () => {});
process.on("unhandledRejection", () => {});

// Each engine listens at a port of its own, and the system gives a port of an ended engine to a later one. A process keeps one
// connection for each address, and a connection to the ended engine would refuse the later one's calls ("UNAVAILABLE: No
// connection established. Last error: null"). Pulumi's types do not declare its internal options.
Object.assign(Reflect.get(settings, "grpcClientOptions"), { "grpc.use_local_subchannel_pool": 1 });

process.once("disconnect", () => process.exit());

process.on("message", ({ id, file }: ProgramRequest) => {
  serve(file).then((port) => process.send?.({ id, port } satisfies ProgramAnswer));
});

/** Starts a server that evaluates the program at every run. Servers end with this process, because their engine may be killed. */
function serve(file: string): Promise<number> {
  const server = new Server();
  // Pulumi's types declare neither the generated service nor its implementation.
  const LanguageServer: new (program: () => Promise<unknown>) => UntypedServiceImplementation = Reflect.get(
    automation,
    "LanguageServer",
  );
  server.addService(Reflect.get(rpc, "LanguageRuntimeService"), new LanguageServer(() => run(file)));
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** Returns the program's exports, the stack's outputs. `require` would cache the file; each run must evaluate it again. */
async function run(file: string): Promise<Record<string, unknown>> {
  const program = { exports: {} };
  const source = readFileSync(file, "utf8");
  new Function("exports", "module", "require", source)(program.exports, program, createRequire(file));
  return program.exports;
}
