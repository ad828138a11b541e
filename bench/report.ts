import type { Figures, Selection } from "./figures.ts";
import { CONTENDERS, type Contender, OPERATIONS, type Operation, type Options, type Scenario } from "./options.ts";
import type { StackMeasurement, Together } from "./stacks.ts";
import type { Surroundings } from "./surroundings.ts";
import { TARGET_SIZE, type Target, targetSize } from "./targets.ts";

export const NAMES: Readonly<Record<Operation, string>> = {
  create: "create",
  unchanged: "no change",
  preview: "preview",
  refresh: "refresh",
  rotate: "rotate all",
  destroy: "destroy",
};
const ABOUT: Readonly<Record<Scenario, string>> = {
  plain: "no mail log-ins, no latency, no limit",
  nylas: "Nylas's latency and limit, no mail log-ins",
  mail: "with mail log-ins, no latency, no limit",
};
const TIMED: readonly Contender[] = ["floor", "ours", "naive"];
const NOTHING = "–";
/** Shorter times are shown as none. */
const SHOWN_SECONDS = 0.05;

/** The first lines: what runs where. */
export function heading({ machine, versions }: Surroundings, options: Options): string {
  const { sizes, repetitions, seed, latency, parallel } = options;
  return [
    `pulumi-nylas-imap ${versions.package} at ${versions.commit}; Pulumi ${versions.pulumi}, SDK ${versions.sdk}, Node ${versions.node}`,
    `${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, load ${machine.loadBefore}`,
    `${sizes.join(", ")} mailboxes; ${repetitions} repetitions; seed ${seed}; latency ${latency} ms; --parallel ${parallel}`,
  ].join("\n");
}

/** A table for each scenario and size, then what does not depend on the operation. */
export function detail(figures: Figures, options: Options, places: readonly { scenario: Scenario; size: number }[]) {
  const tables = places.map((place) => {
    const rows = OPERATIONS.filter((operation) => options.operations.includes(operation)).flatMap((operation) => {
      const selection = { ...place, operation };
      const shown = TIMED.some((contender) => figures.seconds({ ...selection, contender }) !== undefined);
      return shown ? [operationRow(figures, selection)] : [];
    });
    const head = ["", "floor", "ours", "naive", "ours/floor", "naive/ours", "limit", "requests", "429s"];
    return `${place.size} mailboxes, ${place.scenario}: ${ABOUT[place.scenario]}\n${table([head, ...rows])}`;
  });
  const legend = [
    "Requests and 429s: ours / naive.",
    "Limit: the time that the requests of ours take at least, by Nylas's limit or by the latency.",
  ].join("\n");
  return [...tables, legend, contenderTable(figures, options)].join("\n\n");
}

function operationRow(figures: Figures, selection: Omit<Selection, "contender">): string[] {
  const both = (figure: (contender: Contender) => number | undefined) =>
    (["ours", "naive"] as const).map((contender) => whole(figure(contender))).join(" / ");
  return [
    NAMES[selection.operation],
    ...TIMED.map((contender) => seconds(figures.seconds({ ...selection, contender }))),
    fixed(figures.ratio(selection, "ours", "floor"), 2),
    fixed(figures.ratio(selection, "naive", "ours"), 2),
    seconds(figures.limit({ ...selection, contender: "ours" })),
    both((contender) => figures.median({ ...selection, contender }, (one) => one.requests)),
    both((contender) => figures.median({ ...selection, contender }, (one) => one.refused)),
  ];
}

function contenderTable(figures: Figures, options: Options): string {
  const size = targetSize(options);
  const rows = CONTENDERS.filter((contender) => options.contenders.includes(contender)).map((contender) => {
    const created = { scenario: "plain", size, contender, operation: "create" } as const;
    const state = figures.median(created, (one) => one.stateBytes);
    const memory = figures.median(created, (one) => one.peakMemoryBytes);
    const firstAnswer = figures.firstAnswer(contender);
    return [
      contender,
      state === undefined ? NOTHING : `${(state / 1000).toFixed(2)} kB`,
      memory === undefined ? NOTHING : `${(memory / 2 ** 20).toFixed(0)} MB`,
      firstAnswer === undefined ? NOTHING : `${firstAnswer.toFixed(0)} ms`,
      fixed(figures.growth({ scenario: "plain", contender, operation: "create" }, options.sizes), 2),
      fixed(figures.growth({ scenario: "plain", contender, operation: "destroy" }, options.sizes), 2),
    ];
  });
  const head = ["", "state per grant", "peak memory", "first answer", "growth of up", "of destroy"];
  const about = [
    `State and memory: of the first up with ${size} mailboxes.`,
    "Growth: the exponent x of time = c · mailboxes^x.",
  ];
  return [table([head, ...rows]), ...about].join("\n");
}

/** A row for each repetition of an operation with all stacks at once. */
export function stacksTable(measurements: readonly Together[]): string {
  const rows = measurements.map(({ rate, operation, stacks }) => {
    const of = (figure: (one: StackMeasurement) => number) => stacks.map(figure);
    const [quickest, slowest] = range(of((one) => one.seconds));
    return [
      NAMES[operation],
      `${rate}`,
      `${sum(of((one) => one.requests))}`,
      range(of((one) => one.refused)).join("–"),
      `${Math.max(...of((one) => one.attempts))}`,
      seconds(quickest),
      seconds(slowest),
      fixed(slowest / quickest, 2),
      `${stacks.filter(({ succeeded }) => !succeeded).length}`,
      `${sum(of((one) => one.limitLines))}`,
    ];
  });
  const head = ["", "a second", "requests", "429s", "attempts", "first", "last", "last/first", "failed", "told"];
  const legend = [
    "A second: requestsPerSecond of each stack. Requests: of all. 429s: fewest and most of a stack.",
    "Attempts: of the request that needed most. Told: lines about the limit that users see.",
  ];
  return [table([head, ...rows]), ...legend].join("\n");
}

function range(values: readonly number[]): [least: number, most: number] {
  return [Math.min(...values), Math.max(...values)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The last lines: target, figure and verdict. */
export function verdict(targets: readonly Target[], options: Options): string {
  const size = targetSize(options);
  const rows = targets.map(({ name, target, figure, met }) => [
    name,
    target,
    figure === null ? NOTHING : fixed(figure, Number.isInteger(figure) ? 0 : 2),
    met === null ? NOTHING : met ? "met" : "missed",
  ]);
  const without = options.quick ? "a quick run has none" : `they are about ${TARGET_SIZE} mailboxes`;
  const note = options.quick || size !== TARGET_SIZE ? `\nNo verdict where there is a dash: ${without}.` : "";
  return `${table([[`${size} mailboxes`, "target", "figure", "verdict"], ...rows])}${note}`;
}

/** The first column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function seconds(value: number | undefined): string {
  return value === undefined ? NOTHING : value < SHOWN_SECONDS ? "0 s" : `${value.toFixed(1)} s`;
}

export function whole(value: number | undefined): string {
  return fixed(value, 0);
}

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? NOTHING : value.toFixed(digits);
}
