import { performance } from "node:perf_hooks";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Answers, SINGLE_ALTERNATIVES } from "../../tools/harness/open-questions.js";
import { HOSTS, type HostName } from "../support/programs.js";
import { commands, done, kill } from "./commands.js";
import { installOddClock } from "./odd-clock.js";
import { Declarations } from "./program.js";
import { Simulation, seen } from "./simulation.js";

/** Seed of the walk in every test run. */
const FIXED_SEED = 20_261_123;
const FIXED_SEQUENCES: Readonly<Record<HostName, number>> = { dynamic: 20, native: 10 };
/** Sequences for each other answer to an open question. */
const SEQUENCES_PER_ANSWER = 3;
/** What a Nylas that lags, caps its pages and hides addresses answers. */
const LATE_AND_HIDDEN: readonly { name: string; value: string }[] = [
  // Less than the age at which absence is believed.
  { name: "newGrantLagSeconds", value: "120" },
  { name: "grantsPerPage", value: "1" },
  { name: "grantsPerPage", value: "3" },
  { name: "listedAddress", value: "null" },
  { name: "listedAddress", value: "named" },
];
/** Most commands in a sequence. */
const MAX_COMMANDS = 40;
/** Requests that create the connector; the first `up` of a walk is killed at one of them. */
const CONNECTOR_REQUESTS = 3;
/** Sequences per seed, if the run is limited by time. */
const SEQUENCES_PER_SEED = 10;
/** Longest search for the shortest failing sequence, in milliseconds. */
const SHRINK_LIMIT_MS = 300_000;
/** Longest walk and search of one seed, if the run is limited by time: ends before the test's own limit, which names no seed. */
const SEED_LIMIT_MS = 150_000;

const minutes = Number(process.env.WALK_MINUTES ?? 0);
const givenSeed = process.env.WALK_SEED;
const isRough = process.env.WALK_ROUGH === "1";
const givenHost = HOSTS.find((host) => host === process.env.WALK_HOST);
const printError = console.error;
const writeError = process.stderr.write;
const home = process.env.PULUMI_HOME;
let simulation: Simulation | undefined;

let setClockRight = () => {};

beforeEach(() => {
  setClockRight = installOddClock();
  // Collect the provider's notices, to check them for secrets, instead of printing them.
  console.error = (...line: unknown[]) => simulation?.notice(line.join(" "));
  process.stderr.write = (text) => {
    simulation?.notice(String(text));
    return true;
  };
});

afterEach(() => {
  console.error = printError;
  process.stderr.write = writeError;
  setClockRight();
  if (home === undefined) delete process.env.PULUMI_HOME;
  else process.env.PULUMI_HOME = home;
});

function walkWhere(host: HostName, answers: Answers) {
  return fc.asyncProperty(
    kill,
    fc.commands(commands, { maxCommands: MAX_COMMANDS, size: "max" }),
    async (firstKill, sequence) => {
      const walked = await Simulation.start(host, answers, isRough);
      simulation = walked;
      // The journal of connectors that runs of this simulation have made.
      process.env.PULUMI_HOME = walked.home;
      try {
        const model = new Declarations(host);
        await walked.up(model, "a", { kill: { ...firstKill, request: 1 + (firstKill.request % CONNECTOR_REQUESTS) } });
        await fc.asyncModelRun(() => ({ model, real: walked }), sequence);
        await walked.heal(model);
      } finally {
        await walked.close();
      }
    },
  );
}

function report(host: HostName, seed: number, sequences: number): void {
  const { ups, failed, killed, machines, requests } = seen;
  console.log(
    `walk: seed ${seed} held on the ${host} host; ${sequences} sequences, ${done.steps} steps, ` +
      `${ups} ups (${failed} failed as they should, ${killed} killed), ${machines} changes of the machine, ${requests} requests so far`,
  );
}

it.skipIf(minutes > 0).each(HOSTS)("keeps the contract's rules on a fixed walk on the %s host", async (host) => {
  const numRuns = FIXED_SEQUENCES[host];
  await fc.assert(walkWhere(host, {}), { seed: FIXED_SEED, numRuns, interruptAfterTimeLimit: SHRINK_LIMIT_MS });
  report(host, FIXED_SEED, numRuns);
});

it
  .skipIf(minutes > 0)
  .each(
    [...SINGLE_ALTERNATIVES, ...LATE_AND_HIDDEN].map((answer, index) => ({ ...answer, seed: FIXED_SEED + 1 + index })),
  )("keeps the contract's rules where Nylas answers $name=$value", async ({ name, value, seed }) => {
  await fc.assert(walkWhere("dynamic", { [name]: value }), { seed, numRuns: SEQUENCES_PER_ANSWER });
  report("dynamic", seed, SEQUENCES_PER_ANSWER);
});

it.runIf(minutes > 0)(
  `keeps the contract's rules on a walk of ${minutes} minutes`,
  async () => {
    const until = performance.now() + minutes * 60_000;
    let sequences = 0;
    while (performance.now() < until && (givenSeed === undefined || sequences === 0)) {
      const seed = Number(givenSeed ?? Math.floor(Math.random() * 2 ** 31));
      // Every other seed walks where Nylas is late or hides something.
      const other = seed % 2 === 0 ? undefined : LATE_AND_HIDDEN[Math.floor(seed / 2) % LATE_AND_HIDDEN.length];
      const answers = other === undefined ? {} : { [other.name]: other.value };
      const host = givenHost ?? HOSTS[Math.floor(seed / 2 / LATE_AND_HIDDEN.length) % HOSTS.length] ?? "dynamic";
      console.log(`walk: seed ${seed} on the ${host} host`);
      const limit = { interruptAfterTimeLimit: SEED_LIMIT_MS, markInterruptAsFailure: true };
      await fc.assert(walkWhere(host, answers), { seed, numRuns: SEQUENCES_PER_SEED, ...limit });
      sequences += SEQUENCES_PER_SEED;
      report(host, seed, sequences);
    }
    expect(sequences).toBeGreaterThan(0);
  },
  minutes * 60_000 + SHRINK_LIMIT_MS,
);
