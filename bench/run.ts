import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { pulumiEnvironment } from "../scripts/setup/environment.mjs";
import { type LoggedRequest, type Ready, startEmulatorCli } from "../tools/harness/emulator.mjs";
import { type PulumiStack, pulumiStack } from "../tools/harness/stack.mjs";
import { type Contender, OPERATIONS, type Operation, type Options, type Scenario } from "./options.ts";
import { type ProcessWatch, watchProcesses } from "./processes.ts";

/** Nylas's limit on requests for connectors, grants and authentications, per second and application. */
export const NYLAS_LIMIT = 50;

/** Of the emulator's latencies, so that every run meets the same. */
const SEED = 7;
/** Longest time of one command of the engine, in milliseconds. */
const COMMAND_TIMEOUT_MS = 60 * 60_000;
const STACK = "bench";
/** Lines of a failed command that the error quotes. */
const QUOTED_LINES = 20;

/** One contender's life of a stack. */
export interface Run {
  scenario: Scenario;
  size: number;
  contender: Contender;
  /** Starts at 1. */
  repetition: number;
}

/** One operation of a run. */
export interface Measurement extends Run {
  operation: Operation;
  seconds: number;
  /** Requests that were answered otherwise than with 429. */
  requests: number;
  /** Answers of 429. */
  refused: number;
  /** How long the emulator took for all answers together, one after the other. */
  answerSeconds: number;
  /** Lines of the engine's output that mention a limit. */
  limitLines: number;
  /** Of the provider's process; absent where the system does not tell. */
  peakMemoryBytes?: number;
  /** Of a grant in the state after the operation, on average; absent after `destroy`. */
  stateBytes?: number;
}

/** What a run leaves: its measurements, and a grant of its state. */
export interface Played {
  measurements: Measurement[];
  grant: StoredGrant;
}

export interface StoredGrant {
  inputs: Record<string, JavaScriptValue>;
}

/** Plays operations on a stack and an emulator of their own in `directory`, which is removed afterwards. */
export async function play(
  run: Run,
  operations: readonly Operation[],
  options: Options,
  directory: string,
): Promise<Played> {
  mkdirSync(directory, { recursive: true });
  const emulator = await startEmulatorCli(emulatorArgs(run, options), { env: pulumiEnvironment() });
  try {
    const stack = await createStack(run, emulator, directory);
    const checkpoint = checkpointOf(run.contender, directory);
    const measurements: Measurement[] = [];
    let grant: StoredGrant | undefined;
    for (const operation of OPERATIONS.filter((name) => operations.includes(name))) {
      if (operation === "rotate") stack.env.BENCH_PASSWORDS = "second";
      await emulator.api.forgetRequests();
      const measured = await measure(stack, operation, options.parallel);
      const grants = grantsIn(readFileSync(checkpoint, "utf8"));
      measurements.push({
        ...run,
        operation,
        ...measured,
        ...countRequests(await emulator.api.requests()),
        ...(grants.length === 0 ? {} : { stateBytes: Buffer.byteLength(JSON.stringify(grants)) / grants.length }),
      });
      grant ??= grants[0];
    }
    if (grant === undefined) throw new Error(`The state of ${run.contender} holds no grant.`);
    return { measurements, grant };
  } finally {
    emulator.child.kill("SIGTERM");
    await emulator.ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** In `directory`, with a home and a backend of its own there. */
export async function createStack(
  { size, contender }: Pick<Run, "size" | "contender">,
  emulator: Ready,
  directory: string,
): Promise<PulumiStack> {
  mkdirSync(join(directory, "state"), { recursive: true });
  const env = pulumiEnvironment({
    PULUMI_HOME: join(directory, "home"),
    PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "a throw-away passphrase",
    NYLAS_API_KEY: emulator.apiKey,
    NYLAS_API_URI: emulator.apiUri,
    BENCH_SIZE: String(size),
    BENCH_PASSWORDS: "first",
    BENCH_VERIFY: String(contender !== "unverified"),
    NO_COLOR: "1",
  });
  const stack = pulumiStack({
    name: STACK,
    directory: programDirectory(contender),
    configDirectory: join(directory, "config"),
    env,
  });
  await stack.create();
  return stack;
}

/** The file with the state of a stack that \`createStack\` made. */
export function checkpointOf(contender: Contender, directory: string): string {
  return join(directory, `state/.pulumi/stacks/bench-${programOf(contender)}/${STACK}.json`);
}

function emulatorArgs({ scenario }: Run, { latency }: Options): string[] {
  if (scenario === "plain") return ["--no-mail-logins"];
  const limit = `rateLimitPerSecond=${NYLAS_LIMIT}`;
  return ["--no-mail-logins", "--latency", String(latency), "--seed", String(SEED), "--behavior", limit];
}

/** Of a contender's program. Nothing is written there. */
export function programDirectory(contender: Contender): string {
  return join(import.meta.dirname, programOf(contender));
}

function programOf(contender: Contender): string {
  return contender === "unverified" ? "ours" : contender;
}

const COMMANDS: Readonly<Record<Operation, string>> = {
  create: "up",
  unchanged: "up",
  preview: "preview",
  refresh: "refresh",
  rotate: "up",
  destroy: "destroy",
};

async function measure(stack: PulumiStack, operation: Operation, parallel: number) {
  const { watch, ...measured } = await command(stack, operation, parallel);
  const { peakMemoryBytes } = watch.use("provider") ?? {};
  return { ...measured, ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }) };
}

/** Runs the command of an operation; rejects if it fails. */
export async function command(
  stack: PulumiStack,
  operation: Operation,
  parallel: number,
): Promise<{ seconds: number; limitLines: number; watch: ProcessWatch }> {
  const begun = performance.now();
  const { child, finished } = stack.start(COMMANDS[operation], "--parallel", String(parallel));
  const watch = watchProcesses(child.pid);
  const timeout = setTimeout(() => child.kill("SIGINT"), COMMAND_TIMEOUT_MS);
  try {
    const { code, output } = await finished;
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0) {
      const last = output.trimEnd().split("\n").slice(-QUOTED_LINES).join("\n");
      throw new Error(`${operation} in ${stack.directory} ended with ${code} after ${seconds.toFixed(0)} s:\n${last}`);
    }
    return { seconds, limitLines: limitLines(output), watch };
  } finally {
    clearTimeout(timeout);
    watch.stop();
  }
}

/** How many lines mention a limit. The name of the 430th mailbox ends with -429. */
function limitLines(output: string): number {
  return output.split("\n").filter((line) => /rate.limit|(?<![-\w])429\b/i.test(line)).length;
}

export function countRequests(log: readonly LoggedRequest[]) {
  const refused = log.filter(({ status }) => status === 429).length;
  const answerMs = log.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { requests: log.length - refused, refused, answerSeconds: answerMs / 1000 };
}

interface Checkpoint {
  checkpoint: { latest?: { resources?: Partial<StoredGrant>[] } };
}

function grantsIn(text: string): StoredGrant[] {
  const { checkpoint }: Checkpoint = JSON.parse(text);
  const resources = checkpoint.latest?.resources ?? [];
  return resources.filter((resource): resource is StoredGrant => resource.inputs?.imapUsername !== undefined);
}
