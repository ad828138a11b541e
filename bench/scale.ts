#!/usr/bin/env node
/**
 * Brings up stacks of many mailboxes at one application, and prints a table of what each operation takes. docs/scale.md has such tables.
 * `npm run bench` compares times; this one looks for what grows.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pulumiEnvironment } from "../scripts/setup/environment.mjs";
import { workDirectory } from "../scripts/setup/paths.mjs";
import { startEmulatorCli } from "../tools/harness/emulator.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import { listenForInterruption, onInterruption } from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";
import type { PulumiStack } from "../tools/harness/stack.mjs";
import { clearEnvironment } from "../tools/harness/user-environment.mjs";
import { defaultParallel, type Operation, UsageError, wholeNumber } from "./options.ts";
import type { Part } from "./processes.ts";
import { table } from "./report.ts";
import { checkpointOf, command, countRequests, createStack, NYLAS_LIMIT } from "./run.ts";

const USAGE = `Usage: npm run scale -- [options]

  --host dynamic|native     what the mailboxes are resources of; default: dynamic
  --stacks 5                stacks that share the application and its connector, one after the other
  --mailboxes 1000          in each of them
  --parallel N              of the engine; default: its own
  --skip-checkpoints        the engine saves the state once, at the end of a run (PULUMI_SKIP_CHECKPOINTS)

The emulator has Nylas's limit of ${NYLAS_LIMIT} requests a second and logs in to no mailbox.
`;
const PLAYED = ["create", "unchanged", "refresh", "rotate", "destroy"] as const satisfies readonly Operation[];
const PARTS = ["engine", "program", "provider"] as const satisfies readonly Part[];
/** Largest number of stacks, mailboxes and parallel operations. */
const MAX_NUMBER = 99_999;
const MEGABYTE = 1e6;

interface Options {
  host: "dynamic" | "native";
  stacks: number;
  mailboxes: number;
  parallel: number;
  skipCheckpoints: boolean;
}

async function scale({ host, stacks: count, mailboxes, parallel, skipCheckpoints }: Options, directory: string) {
  const limit = `rateLimitPerSecond=${NYLAS_LIMIT}`;
  const emulator = await startEmulatorCli(["--no-mail-logins", "--behavior", limit], { env: pulumiEnvironment() });
  const contender = host === "native" ? "native" : "ours";
  const stacks: { stack: PulumiStack; checkpoint: string }[] = [];
  for (let number = 0; number < count; number++) {
    const place = join(directory, String(number));
    mkdirSync(place);
    const stack = await createStack({ size: mailboxes, contender }, emulator, place);
    stack.env.BENCH_FIRST = String(number * mailboxes);
    if (number > 0) stack.env.BENCH_CONNECTOR = "imap";
    if (skipCheckpoints) Object.assign(stack.env, { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" });
    stacks.push({ stack, checkpoint: checkpointOf(contender, place) });
  }

  const rows: string[][] = [];
  for (const operation of PLAYED) {
    // The first stack has the connector, so it goes last.
    for (const { stack, checkpoint } of operation === "destroy" ? stacks.toReversed() : stacks) {
      if (operation === "rotate") stack.env.BENCH_PASSWORDS = "second";
      await emulator.api.forgetRequests();
      const { seconds, limitLines, watch } = await command(stack, operation, parallel);
      const { requests, refused } = countRequests(await emulator.api.requests());
      const uses = PARTS.map((part) => watch.use(part));
      rows.push([
        operation,
        seconds.toFixed(0),
        uses.map((use) => (use === undefined ? "–" : use.cpuSeconds.toFixed(0))).join(" / "),
        uses.map((use) => (use === undefined ? "–" : (use.peakMemoryBytes / MEGABYTE).toFixed(0))).join(" / "),
        `${requests} / ${refused} / ${limitLines}`,
        (statSync(checkpoint).size / MEGABYTE).toFixed(1),
      ]);
      process.stderr.write(`${rows.at(-1)?.join(" | ")}\n`);
    }
  }
  const parts = PARTS.join(" / ");
  const head = [`CPU seconds: ${parts}`, `peak MB: ${parts}`, "requests / 429s / lines about them", "state MB"];
  process.stdout.write(`${table([`${host}, ${count} × ${mailboxes}`, "seconds", ...head], rows)}\n`);
}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ host: text, stacks: text, mailboxes: text, parallel: text },
      "skip-checkpoints": { type: "boolean", default: false },
    },
  });
  const { host = "dynamic" } = values;
  if (host !== "dynamic" && host !== "native") throw new UsageError(`--host is dynamic or native, not "${host}".`);
  const number = (name: string, given: string | undefined, otherwise: number) =>
    given === undefined ? otherwise : wholeNumber(name, given, 1, MAX_NUMBER);
  return {
    host,
    stacks: number("stacks", values.stacks, 5),
    mailboxes: number("mailboxes", values.mailboxes, 1000),
    parallel: number("parallel", values.parallel, defaultParallel()),
    skipCheckpoints: values["skip-checkpoints"],
  };
}

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`scale: ${messageOf(error)}\n\n${USAGE}`);
  process.exit(2);
}
clearEnvironment();
mkdirSync(workDirectory, { recursive: true });
const directory = mkdtempSync(join(workDirectory, "scale-"));
listenForInterruption();
const cleanUp = async () => {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
};
onInterruption(cleanUp);
let exitCode = 0;
try {
  await scale(options, directory);
} catch (error) {
  process.stderr.write(`scale: ${messageOf(error)}\n`);
  exitCode = 1;
}
await cleanUp();
process.exit(exitCode);
