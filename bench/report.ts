import type { Figures, Ratio } from "./figures.ts";
import { CONTENDERS, type Contender, OPERATIONS, type Operation, type Options, type Scenario } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Target, targetSize } from "./targets.ts";

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

export const LEGEND = `Requests and 429s: ours / naive. ±: half of the distance between the repetitions' smallest and largest ratio.
Limit: the time that the requests of ours take at least, by Nylas's limit or by the latency.`;

/** The first lines: what runs where. */
export function heading({ machine, versions }: Surroundings, options: Options): string {
  const { sizes, repetitions, latency, parallel } = options;
  return [
    `pulumi-nylas-imap ${versions.package} at ${versions.commit}; Pulumi ${versions.pulumi}, SDK ${versions.sdk}, Node ${versions.node}`,
    `${machine.cpus} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, load ${machine.loadBefore}`,
    `${sizes.join(", ")} mailboxes; ${repetitions} repetitions; latency ${latency} ms; --parallel ${parallel}`,
  ].join("\n");
}

/** Times, ratios and requests of the operations that were measured. */
export function operationsTable(figures: Figures, scenario: Scenario, size: number): string {
  const rows = OPERATIONS.flatMap((operation) => {
    const selection = { scenario, size, operation };
    const time = (contender: Contender) => figures.seconds({ ...selection, contender });
    if (time("ours") === undefined && time("naive") === undefined) return [];
    const both = (figure: "requests" | "refused") =>
      (["ours", "naive"] as const)
        .map((contender) =>
          fixed(
            figures.median({ ...selection, contender }, (one) => one[figure]),
            0,
          ),
        )
        .join(" / ");
    const compared = [seconds(time("ours")), seconds(time("naive"))];
    const faster = ratio(figures.ratio(selection, "naive", "ours"));
    return scenario === "plain"
      ? [
          [
            NAMES[operation],
            seconds(time("floor")),
            ...compared,
            ratio(figures.ratio(selection, "ours", "floor")),
            faster,
            both("requests"),
          ],
        ]
      : [
          [
            NAMES[operation],
            seconds(figures.limit({ ...selection, contender: "ours" })),
            ...compared,
            faster,
            both("requests"),
            both("refused"),
          ],
        ];
  });
  const head =
    scenario === "plain"
      ? ["floor", "ours", "naive", "ours/floor", "naive/ours", "requests"]
      : ["limit", "ours", "naive", "naive/ours", "requests", "429s"];
  return table([`${size} mailboxes`, ...head], rows);
}

/** What does not depend on the operation. */
export function contenderTable(figures: Figures, options: Options): string {
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
    ];
  });
  return table([`up, ${size} mailboxes`, "state per grant", "peak memory", "first answer"], rows);
}

/** Seconds for each size. */
export function sizesTable(figures: Figures, sizes: readonly number[]): string {
  const rows = (["create", "unchanged", "destroy"] as const).flatMap((operation) =>
    (["floor", "ours"] as const).map((contender) => [
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
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
  return value === undefined ? NOTHING : value < SHOWN_SECONDS ? "0 s" : `${value.toFixed(1)} s`;
}

function ratio(value: Ratio | undefined): string {
  return value === undefined ? NOTHING : withSpread(value.median, value.spread);
}

function withSpread(value: number, spread: number): string {
  const text = fixed(value, Number.isInteger(value) ? 0 : 2);
  return spread === 0 ? text : `${text} ± ${spread.toFixed(2)}`;
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? NOTHING : value.toFixed(digits);
}
