import type { Figures, Ratio } from "./figures.ts";
import { CONTENDERS, type Contender, OPERATIONS, type Operation, type Options, type Scenario } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Target } from "./targets.ts";

export const NAMES: Readonly<Record<Operation, string>> = {
  create: "create",
  unchanged: "no change",
  preview: "preview",
  refresh: "refresh",
  rotate: "rotate all",
  destroy: "destroy",
};
export const ABOUT: Readonly<Record<Scenario, string>> = {
  plain: "Without latency and limit",
  nylas: "With Nylas's latency and limit",
};
const NOTHING = "–";
/** Shorter times are shown as none. */
const SHOWN_SECONDS = 0.05;

export const LEGEND = `±: half of the distance between the repetitions' smallest and largest ratio. A difference within it is none.
Limit: the time that the requests of ours take at least, by Nylas's limit or by the latency.`;

/** Which time is divided by which. */
const RATIOS: readonly (readonly [over: Contender, under: Contender])[] = [
  ["ours", "floor"],
  ["native", "ours"],
  ["naive", "ours"],
];
/** Spread of a ratio from which its second decimal means nothing. */
const WIDE_SPREAD = 0.05;
/** Seconds from which tenths mean nothing. */
const LONG_SECONDS = 10;

/** The first lines: what runs where. */
export function heading({ machine, versions }: Surroundings, options: Options): string {
  const { sizes, repetitions, latency, parallel } = options;
  return [
    `pulumi-nylas-imap ${versions.package} at ${versions.commit}; Pulumi ${versions.pulumi}, SDK ${versions.sdk}, Node ${versions.node}`,
    `${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, load ${machine.loadBefore}`,
    `${sizes.join(", ")} mailboxes; ${repetitions} repetitions; latency ${latency} ms; --parallel ${parallel}`,
  ].join("\n");
}

/** Times and requests of the operations that were measured. */
export function operationsTable(figures: Figures, scenario: Scenario, size: number): string {
  const contenders = measuredContenders(figures, scenario, size);
  const counted = contenders.filter((name) => name !== "floor");
  const rows = measuredOperations(figures, scenario, size).map((operation) => {
    const selection = (contender: Contender) => ({ scenario, size, operation, contender });
    const counts = (figure: "requests" | "refused") =>
      counted
        .map((name) =>
          fixed(
            figures.median(selection(name), (one) => one[figure]),
            0,
          ),
        )
        .join(" / ");
    return [
      NAMES[operation],
      ...(scenario === "nylas" ? [seconds(figures.limit(selection("ours")))] : []),
      ...contenders.map((name) => seconds(figures.seconds(selection(name)))),
      counts("requests"),
      ...(scenario === "nylas" ? [counts("refused")] : []),
    ];
  });
  const [before, after] = scenario === "nylas" ? [["limit"], [`429s`]] : [[], []];
  return table([`${size} mailboxes`, ...before, ...contenders, `requests: ${counted.join(" / ")}`, ...after], rows);
}

/** How often longer one takes than another. */
export function ratiosTable(figures: Figures, scenario: Scenario, size: number): string {
  const measured = measuredContenders(figures, scenario, size);
  const pairs = RATIOS.filter((pair) => pair.every((name) => measured.includes(name)));
  const rows = measuredOperations(figures, scenario, size).map((operation) => [
    NAMES[operation],
    ...pairs.map(([over, under]) => ratio(figures.ratio({ scenario, size, operation }, over, under))),
  ]);
  return pairs.length === 0
    ? ""
    : table([`${size} mailboxes`, ...pairs.map(([over, under]) => `${over} ÷ ${under}`)], rows);
}

function measuredContenders(figures: Figures, scenario: Scenario, size: number): Contender[] {
  return CONTENDERS.filter(
    (contender) =>
      contender !== "unverified" && figures.seconds({ scenario, size, contender, operation: "create" }) !== undefined,
  );
}

function measuredOperations(figures: Figures, scenario: Scenario, size: number): Operation[] {
  return OPERATIONS.filter((operation) =>
    CONTENDERS.some((contender) => figures.seconds({ scenario, size, operation, contender }) !== undefined),
  );
}

/** What does not depend on the operation. */
export function contenderTable(figures: Figures, size: number): string {
  const rows = measuredContenders(figures, "plain", size).map((contender) => {
    const created = { scenario: "plain", size, contender, operation: "create" } as const;
    const state = figures.median(created, (one) => one.stateBytes);
    const memory = figures.median(created, (one) => one.peakMemoryBytes);
    const firstAnswer = figures.firstAnswer(contender);
    return [
      contender,
      state === undefined ? NOTHING : `${(state / 1000).toFixed(2)} kB`,
      memory === undefined ? NOTHING : `${(memory / 2 ** 20).toFixed(0)} MB`,
      firstAnswer === undefined ? NOTHING : `${firstAnswer.toFixed(0)} ms`,
    ];
  });
  return table([`up, ${size} mailboxes`, "state per grant", "peak memory", "first answer"], rows);
}

/** Seconds for each size. */
export function sizesTable(figures: Figures, sizes: readonly number[]): string {
  const rows = (["create", "unchanged", "destroy"] as const).flatMap((operation) =>
    (["floor", "ours", "native"] as const).map((contender) => [
      `${NAMES[operation]}, ${contender}`,
      ...sizes.map((size) => seconds(figures.seconds({ scenario: "plain", contender, operation, size }))),
    ]),
  );
  return table(["", ...sizes.map((size) => `${size} mailboxes`)], rows);
}

export function targetsTable(targets: readonly Target[], size: number): string {
  const rows = targets.map(({ name, target, figure, spread, met }) => [
    name,
    target,
    figure === null ? NOTHING : withSpread(figure, spread ?? 0),
    met === null ? NOTHING : met ? "met" : "missed",
  ]);
  return table([`${size} mailboxes`, "target", "figure", "verdict"], rows);
}

/** Markdown that is readable as text: the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const padded = (cells: readonly string[]) =>
    line(
      cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
    );
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [padded(head), line(rule), ...rows.map(padded)].join("\n");
}

function seconds(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  return value < SHOWN_SECONDS ? "0 s" : `${value.toFixed(value < LONG_SECONDS ? 1 : 0)} s`;
}

function ratio(value: Ratio | undefined): string {
  if (value === undefined) return NOTHING;
  const text = withSpread(value.median, value.spread);
  return Math.abs(value.median - 1) <= value.spread ? `none (${text})` : text;
}

/** With as many digits as the spread leaves. */
function withSpread(value: number, spread: number): string {
  if (spread === 0) return fixed(value, Number.isInteger(value) ? 0 : 2);
  const digits = spread < WIDE_SPREAD ? 2 : 1;
  return `${value.toFixed(digits)} ± ${spread.toFixed(digits)}`;
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? NOTHING : value.toFixed(digits);
}
