import { join } from "node:path";
import type { PulumiStack } from "../tools/harness/stack.mjs";
import { OPERATIONS, type Operation, type Options } from "./options.ts";
import { createStack, limitLines, perform, type Run, withEmulator } from "./run.ts";

/** Requests per second of the package's limiter, where nothing is configured. */
const DEFAULT_RATE = 40;
/** A line of `NYLAS_DEBUG`. */
const DEBUG_LINE = /nylas: (?:(?:GET|POST|PATCH|DELETE) \/|waiting \d+ ms)/;
/** One about an answer. The engine shows each line twice, and so indented in the summary at the end. */
const ANSWER = /^ {4}nylas: (?:GET|POST|PATCH|DELETE) \/\S+ (\d{3}|no answer) in \d+ ms/gm;
/** One about the pause before another attempt. */
const PAUSE = /^ {4}nylas: waiting \d+ ms before attempt (\d+)/gm;

/** One operation of all stacks at once. */
export interface Together {
  /** `requestsPerSecond` of each stack. */
  rate: number;
  /** Starts at 1. */
  repetition: number;
  operation: Operation;
  /** Answers that the emulator gave, of every status. */
  answers: number;
  stacks: StackMeasurement[];
}

export interface StackMeasurement {
  seconds: number;
  succeeded: boolean;
  /** Answers other than 429. */
  requests: number;
  /** Answers of 429. */
  refused: number;
  /** Of the request that needed most. */
  attempts: number;
  /** Lines that tell the user of the limit. */
  limitLines: number;
}

/** The rates to compare: the default for each stack, and the default divided among them. */
export function rates(stacks: number): number[] {
  return [DEFAULT_RATE, Math.max(1, Math.floor(DEFAULT_RATE / stacks))];
}

/**
 * Plays the operations with all stacks at once, on one emulator with Nylas's limit and latency. Each stack has other mailboxes,
 * and a backend of its own. None owns the connector.
 */
export function playStacks(
  place: { stacks: number; size: number; rate: number; repetition: number },
  options: Options,
  directory: string,
): Promise<Together[]> {
  const { stacks, size, rate, repetition } = place;
  const run: Run = { scenario: "nylas", size, contender: "ours", repetition };
  return withEmulator(run, options, directory, async (emulator) => {
    await emulator.api.call("POST", "/v3/connectors", { provider: "imap" });
    const all: PulumiStack[] = [];
    for (let index = 0; index < stacks; index++) {
      const more = {
        BENCH_CONNECTOR: "imap",
        BENCH_FIRST: String(index * size),
        NYLAS_REQUESTS_PER_SECOND: String(rate),
        NYLAS_DEBUG: "1",
      };
      all.push(await createStack(run, emulator, join(directory, String(index)), more));
    }
    const measurements: Together[] = [];
    for (const operation of OPERATIONS.filter((name) => options.operations.includes(name))) {
      if (operation === "rotate") for (const { env } of all) env.BENCH_PASSWORDS = "second";
      await emulator.api.forgetRequests();
      const ended = await Promise.all(all.map((stack) => perform(stack, operation, options.parallel)));
      const measured = ended.map(({ code, output, seconds }) => ({ seconds, succeeded: code === 0, ...read(output) }));
      const answers = (await emulator.api.requests()).length;
      measurements.push({ rate, repetition, operation, answers, stacks: measured });
    }
    return measurements;
  });
}

/** What an engine's output says about its provider's requests. The emulator cannot tell whose they were. */
function read(output: string) {
  const statuses = [...output.matchAll(ANSWER)].map(([, status]) => status);
  const refused = statuses.filter((status) => status === "429").length;
  const attempts = Math.max(1, ...[...output.matchAll(PAUSE)].map(([, attempt]) => Number(attempt)));
  const lines = output.split("\n").filter((line) => !DEBUG_LINE.test(line));
  return { requests: statuses.length - refused, refused, attempts, limitLines: limitLines(lines) };
}
