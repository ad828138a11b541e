import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

/** In the order in which a run plays them: each needs the ones before it, or at least the first. */
export const OPERATIONS = ["create", "unchanged", "preview", "refresh", "rotate", "destroy"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** `ours` are dynamic resources, `native` those of the plugin; `unverified` is `ours` with `verify: false`, for its requests. */
export const CONTENDERS = ["floor", "ours", "native", "naive", "unverified"] as const;
export type Contender = (typeof CONTENDERS)[number];

export const SCENARIOS = ["plain", "nylas"] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  /** Numbers of mailboxes, ascending. */
  sizes: readonly number[];
  repetitions: number;
  /** Undefined is what the plan has for each size. */
  operations: readonly Operation[] | undefined;
  contenders: readonly Contender[] | undefined;
  scenarios: readonly Scenario[];
  /** Median in milliseconds, in the scenario `nylas`. */
  latency: number;
  /** The engine's `--parallel`. */
  parallel: number;
  /** Measure without a verdict. */
  quick: boolean;
  /** File for the figures. */
  json: string | undefined;
}

/** Wrong usage. The message is written for the user. */
export class UsageError extends Error {}

const DEFAULTS = {
  sizes: [50, 200, 600, 1000],
  repetitions: 3,
  scenarios: SCENARIOS,
  operations: undefined,
  contenders: undefined,
};
const QUICK = {
  sizes: [10],
  repetitions: 1,
  scenarios: ["plain"],
  operations: OPERATIONS,
  contenders: CONTENDERS,
} as const;
const MAX_SIZE = 1000;
const MAX_LATENCY_MS = 60_000;
const OPERATIONS_PER_CPU = 4;

export const USAGE = `Usage: npm run bench -- [options]

Compares pulumi-nylas-imap, as dynamic resources (ours) and as a plugin (native), with a provider that does nothing
(floor), with one of an afternoon (naive), and with what Nylas's limit and latency allow, on the real Pulumi engine
and the emulator of this repository.

  --sizes 50,200,600,1000  numbers of mailboxes, to ${MAX_SIZE}
  --repetitions 3          of each measurement; the report has their medians
  --operations LIST        of ${OPERATIONS.join(", ")}; create is always played
  --contenders LIST        of ${CONTENDERS.join(", ")} (ours with verify: false)
                           Without these two, what takes long is left out: naive above 200 mailboxes and in the scenario nylas,
                           and above 600 the floor, rotate and destroy.
  --scenarios LIST         plain: no mail log-ins, latency or limit; all sizes
                           nylas: latency and 50 requests a second; 600, or else the largest size
  --latency 150            median of an answer's delay in the scenario nylas, in milliseconds
  --parallel ${String(defaultParallel()).padEnd(13)} the engine's --parallel; the default is its own
  --json FILE              write targets and measurements as JSON
  --quick                  one small size, one repetition, the scenario plain, and no verdict
  --help

It exits with 0 when everything was measured, whatever the verdicts, with 1 on a failure, and with 2 on wrong usage.
`;

/** Undefined if the user asks for help. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parsed(args);
  if (values.help) return undefined;
  const { quick } = values;
  const defaults = quick ? QUICK : DEFAULTS;
  const size = (text: string) => wholeNumber("sizes", text, 1, MAX_SIZE);
  const sizes = values.sizes === undefined ? defaults.sizes : values.sizes.split(",").map(size);
  return {
    sizes: [...new Set(sizes)].toSorted((left, right) => left - right),
    repetitions: number("repetitions", values.repetitions, 1, 100, defaults.repetitions),
    operations:
      values.operations === undefined
        ? defaults.operations
        : ["create", ...list("operations", values.operations, OPERATIONS).filter((name) => name !== "create")],
    contenders:
      values.contenders === undefined ? defaults.contenders : list("contenders", values.contenders, CONTENDERS),
    scenarios: values.scenarios === undefined ? defaults.scenarios : list("scenarios", values.scenarios, SCENARIOS),
    latency: number("latency", values.latency, 0, MAX_LATENCY_MS, 150),
    parallel: number("parallel", values.parallel, 1, 1000, defaultParallel()),
    quick,
    json: values.json,
  };
}

/** The engine's own. */
export function defaultParallel(): number {
  return OPERATIONS_PER_CPU * availableParallelism();
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        sizes: text,
        repetitions: text,
        operations: text,
        contenders: text,
        scenarios: text,
        latency: text,
        parallel: text,
        json: text,
        quick: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function number(name: string, text: string | undefined, min: number, max: number, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber(name, text, min, max);
}

export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} takes whole numbers from ${min} to ${max}, not "${text}".`);
}

/** In the order of `all`. */
function list<Name extends string>(option: string, text: string, all: readonly Name[]): readonly Name[] {
  const chosen = text.split(",");
  const unknown = chosen.find((name) => !all.some((one) => one === name));
  if (unknown !== undefined) throw new UsageError(`--${option} takes ${all.join(", ")}, and not "${unknown}".`);
  return all.filter((name) => chosen.includes(name));
}
