#!/usr/bin/env node
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workDirectory } from "../scripts/setup/paths.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import { isInterrupted, listenForInterruption, onInterruption, untilEnd } from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";
import { clearEnvironment } from "../tools/harness/user-environment.mjs";
import { Figures, type FirstAnswers } from "./figures.ts";
import { timeToFirstAnswer } from "./first-answer.ts";
import {
  type Contender,
  OPERATIONS,
  type Operation,
  type Options,
  readOptions,
  type Scenario,
  USAGE,
  UsageError,
} from "./options.ts";
import { ABOUT, contenderTable, heading, LEGEND, operationsTable, ratiosTable, targetsTable } from "./report.ts";
import { type Measurement, type Played, play, type StoredGrant } from "./run.ts";
import { surroundings } from "./surroundings.ts";
import { NAIVE_SIZE, TARGET_SIZE, targetSize, targets } from "./targets.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** Starts of each provider's process for each repetition of the runs; one takes less than a second. */
const STARTS_PER_REPETITION = 5;
/** Variables of the caller's shell about Nylas, Node and proxies, which would change what is measured. */
const DISTURBING = /^(NYLAS_|NODE_COMPILE_CACHE$|(https?_proxy)$)/i;

/** The floor sends no request, so its figures under `plain` hold for the others. */
const CONTENDERS_OF: Readonly<Record<Scenario, readonly Contender[]>> = {
  plain: ["floor", "ours", "native", "naive"],
  nylas: ["ours", "native", "naive"],
};
/** Operations that send no request take as long as under `plain`. */
const OPERATIONS_OF: Readonly<Record<Scenario, readonly Operation[]>> = {
  plain: ["create", "unchanged", "preview", "refresh", "rotate", "destroy"],
  nylas: ["create", "refresh", "rotate", "destroy"],
};

/** What a run plays without being asked for more: the rest takes hours. */
function standard(
  scenario: Scenario,
  size: number,
): { contenders: readonly Contender[]; operations: readonly Operation[] } {
  if (scenario === "nylas") return { contenders: ["ours"], operations: ["create", "rotate"] };
  if (size > TARGET_SIZE) {
    return { contenders: ["ours", "native"], operations: ["create", "unchanged", "preview", "refresh"] };
  }
  const contenders = CONTENDERS_OF.plain.filter((name) => name !== "naive" || size <= NAIVE_SIZE);
  return { contenders, operations: OPERATIONS };
}

/** A part of the plan: these contenders, one after the other, in each repetition. */
interface Place {
  scenario: Scenario;
  size: number;
  contenders: readonly Contender[];
  operations: readonly Operation[];
  repetitions: number;
}

async function bench(options: Options, directory: string): Promise<void> {
  const where = surroundings();
  say(heading(where, options));
  const measurements: Measurement[] = [];
  const grants = new Map<Contender, StoredGrant>();
  let starts: FirstAnswers = new Map();
  const figures = () => new Figures(measurements, starts, options.parallel);
  const save = () => {
    if (options.json === undefined) return;
    const taken = { ...where, options: { ...options, json: undefined }, measurements };
    const content = { targets: targets(figures(), options), ...taken, firstAnswers: Object.fromEntries(starts) };
    writeFileSync(options.json, `${JSON.stringify(content, undefined, 2)}\n`);
  };

  const places = plan(options);
  for (const [index, place] of places.entries()) {
    for (const run of runsOf(place)) {
      const played = await play(run, place.operations, options, join(directory, "run"));
      measurements.push(...played.measurements);
      grants.set(run.contender, played.grant);
      tell(run.repetition, place, played);
      // A failure after hours loses nothing of them.
      save();
    }
    // An interrupted run keeps them. All contenders that have a provider of their own have played by then.
    if (index === 0) {
      starts = await firstAnswers(grants, options);
      save();
    }
  }
  const shown = places.filter(({ contenders }) => !contenders.includes("unverified"));
  const tables = [
    ...shown.map(
      ({ scenario, size }) =>
        `${ABOUT[scenario]}:\n\n${operationsTable(figures(), scenario, size)}\n\n${ratiosTable(figures(), scenario, size)}`,
    ),
    LEGEND,
    contenderTable(figures(), targetSize(options)),
    targetsTable(targets(figures(), options), targetSize(options)),
    ...(options.quick ? [`A quick run has no verdict; the targets are about ${TARGET_SIZE} mailboxes.`] : []),
  ];
  say(`\n${tables.join("\n\n")}`);
}

function plan(options: Options): Place[] {
  const { scenarios, repetitions } = options;
  const place = (scenario: Scenario, size: number): Place => {
    const usual = standard(scenario, size);
    const { contenders = usual.contenders, operations = usual.operations } = options;
    return {
      scenario,
      size,
      contenders: CONTENDERS_OF[scenario].filter((name) => contenders.includes(name)),
      operations: OPERATIONS_OF[scenario].filter((name) => operations.includes(name)),
      repetitions,
    };
  };
  const size = targetSize(options);
  const unverified: Place = {
    scenario: "plain",
    size,
    contenders: ["unverified"],
    operations: (options.operations ?? OPERATIONS).filter((name) => name === "create" || name === "rotate"),
    // Only its requests count, and they are the same each time.
    repetitions: 1,
  };
  return scenarios.flatMap((scenario) => {
    if (scenario !== "plain") return [place(scenario, size)];
    const places = options.sizes.map((size) => place(scenario, size));
    return options.contenders?.includes("unverified") === false ? places : [...places, unverified];
  });
}

/** Each repetition begins with another contender, so that none always comes after the same one. */
function runsOf({ scenario, size, contenders, repetitions }: Place) {
  return Array.from({ length: repetitions }, (_, index) =>
    rotated(contenders, index % contenders.length).map((contender) => ({
      scenario,
      size,
      contender,
      repetition: index + 1,
    })),
  ).flat();
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return [...list.slice(by), ...list.slice(0, by)];
}

function tell(repetition: number, { scenario, size, repetitions }: Place, { measurements }: Played): void {
  const times = measurements.map(({ operation, seconds }) => `${operation} ${seconds.toFixed(1)} s`).join(", ");
  const [first] = measurements;
  process.stderr.write(`${scenario}, ${size}, ${repetition}/${repetitions}, ${first?.contender}: ${times}\n`);
}

/** Of each contender with a provider of its own, in turns. */
async function firstAnswers(
  grants: ReadonlyMap<Contender, StoredGrant>,
  { repetitions, quick }: Options,
): Promise<FirstAnswers> {
  const times = new Map<Contender, number[]>();
  const starts = quick ? 1 : repetitions * STARTS_PER_REPETITION;
  for (let start = 0; start < starts; start++) {
    for (const [contender, grant] of grants) {
      if (contender === "unverified") continue;
      times.set(contender, [...(times.get(contender) ?? []), await timeToFirstAnswer(contender, grant)]);
    }
  }
  return times;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

let directory: string | undefined;
let exitCode = 0;

async function cleanUp(): Promise<void> {
  await stopAll();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}

onInterruption(cleanUp);
listenForInterruption();
try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
  } else {
    clearEnvironment(DISTURBING);
    mkdirSync(workDirectory, { recursive: true });
    directory = mkdtempSync(join(workDirectory, "bench-"));
    await bench(options, directory);
  }
} catch (error) {
  // An interruption stops the bench's processes, so the bench fails.
  if (isInterrupted()) await untilEnd();
  exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  process.stderr.write(`bench: ${messageOf(error)}\n`);
}
await cleanUp();
process.exit(exitCode);
