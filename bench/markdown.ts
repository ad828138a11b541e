import type { Figures } from "./figures.ts";
import { OPERATIONS, type Options } from "./options.ts";
import { fixed, NAMES, seconds, whole } from "./report.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Target, targetSize } from "./targets.ts";

/** Where and how the figures were taken, in one sentence. */
export function taken({ machine, versions }: Surroundings, { repetitions }: Pick<Options, "repetitions">): string {
  const times = repetitions === 1 ? "one repetition" : `medians of ${repetitions} repetitions`;
  const where = `${machine.cpus} × ${machine.cpu} with a load of ${machine.loadBefore}`;
  return `Taken at ${versions.commit} on ${where}, Pulumi ${versions.pulumi}, Node ${versions.node}; ${times}.`;
}

/** Operations without latency and limit. */
export function operationsTable(figures: Figures, size: number): string {
  const rows = OPERATIONS.flatMap((operation) => {
    const selection = { scenario: "plain", size, operation } as const;
    const ours = figures.seconds({ ...selection, contender: "ours" });
    if (ours === undefined) return [];
    const requests = (contender: "ours" | "naive") =>
      whole(figures.median({ ...selection, contender }, (one) => one.requests));
    return [
      [
        NAMES[operation],
        seconds(figures.seconds({ ...selection, contender: "floor" })),
        seconds(ours),
        seconds(figures.seconds({ ...selection, contender: "naive" })),
        `${requests("ours")} / ${requests("naive")}`,
      ],
    ];
  });
  return table([`${size} mailboxes`, "floor", "ours", "naive", "requests, ours / naive"], rows);
}

export function targetsTable(targets: readonly Target[], options: Options): string {
  const rows = targets.map(({ name, target, figure, met }) => [
    name,
    target,
    figure === null ? "–" : fixed(figure, Number.isInteger(figure) ? 0 : 2),
    met === null ? "–" : met ? "met" : "missed",
  ]);
  return table([`${targetSize(options)} mailboxes`, "target", "figure", "verdict"], rows);
}

/** Seconds for each size, and the exponent of the growth. */
export function growthTable(figures: Figures, sizes: readonly number[]): string {
  const rows = (["create", "unchanged", "destroy"] as const).flatMap((operation) =>
    (["floor", "ours"] as const).flatMap((contender) => {
      const selection = { scenario: "plain", contender, operation } as const;
      const times = sizes.map((size) => figures.seconds({ ...selection, size }));
      if (times.every((time) => time === undefined)) return [];
      return [[NAMES[operation], contender, ...times.map(seconds), fixed(figures.growth(selection, sizes), 2)]];
    }),
  );
  return table(["", "", ...sizes.map((size) => `${size} mailboxes`), "exponent"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map((_, column) => (column === 0 ? "---|" : "--:|")).join("")}`, ...rows.map(line)].join(
    "\n",
  );
}
