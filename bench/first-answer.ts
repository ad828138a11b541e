import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials, Metadata } from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import struct, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { pulumiEnvironment } from "../scripts/setup/environment.mjs";
import { descendants, endProcess, startProcess } from "../tools/harness/processes.mjs";
import type { Contender } from "./options.ts";
import { programDirectory, type StoredGrant } from "./run.ts";

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 30_000;
const NO_ENGINE = "127.0.0.1:1";
const NATIVE_PROVIDER = join(import.meta.dirname, "../provider/plugin/pulumi-resource-nylas");
/** The dynamic provider does not read it. */
const URN = "urn:pulumi:bench::bench::nylas:index:ByoImapGrant::mailbox-0";

/**
 * Milliseconds from the start of the provider's process, as the engine starts it, to its answer to `Check` for a grant of the
 * contender's state. No request leaves the process.
 */
export async function timeToFirstAnswer(contender: Contender, { inputs }: StoredGrant): Promise<number> {
  const env = pulumiEnvironment({ NYLAS_API_KEY: "nyk_of_the_bench", NYLAS_API_URI: "http://127.0.0.1:1" });
  const begun = performance.now();
  const command = contender === "native" ? NATIVE_PROVIDER : "pulumi-resource-pulumi-nodejs";
  const child = startProcess(command, [NO_ENGINE], { cwd: programDirectory(contender), env });
  const exited = once(child, "exit");
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const [port] = await once(createInterface(child.stdout), "line", { signal: timeout });
    const client = new rpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    await configure(client);
    await check(client, withoutSecrets(inputs));
    const ms = performance.now() - begun;
    client.close();
    return ms;
  } finally {
    const { pid } = child;
    if (pid !== undefined) for (const member of [...descendants(pid), { pid }]) endProcess(member.pid);
    await exited;
  }
}

/** A state holds secrets as objects of the engine's, which only the engine reads back. */
function withoutSecrets(inputs: StoredGrant["inputs"]): StoredGrant["inputs"] {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => typeof value !== "object"));
}

function configure(client: InstanceType<typeof rpc.ResourceProviderClient>): Promise<void> {
  const request = new messages.ConfigureRequest();
  request.setArgs(struct.Struct.fromJavaScript({}));
  return new Promise((resolve, reject) => {
    client.configure(request, new Metadata(), { deadline: Date.now() + TIMEOUT_MS }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

function check(
  client: InstanceType<typeof rpc.ResourceProviderClient>,
  olds: Record<string, JavaScriptValue>,
): Promise<void> {
  const request = new messages.CheckRequest();
  request.setUrn(URN);
  request.setOlds(struct.Struct.fromJavaScript(olds));
  request.setNews(struct.Struct.fromJavaScript({ ...olds, imapPassword: "a password" }));
  return new Promise((resolve, reject) => {
    client.check(request, new Metadata(), { deadline: Date.now() + TIMEOUT_MS }, (error, response) => {
      const failures = response?.getFailuresList() ?? [];
      if (error) reject(error);
      else if (failures.length > 0) reject(new Error(failures.map((failure) => failure.getReason()).join("; ")));
      else resolve();
    });
  });
}
