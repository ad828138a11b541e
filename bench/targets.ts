import type { Figures, Ratio, Selection } from "./figures.ts";
import type { Contender, Operation, Options } from "./options.ts";

/** The number of mailboxes that the targets are about. */
export const TARGET_SIZE = 600;
/** The largest number at which the naive provider is measured without being asked for: it takes longer than all others together. */
export const NAIVE_SIZE = 200;

/** A line of the verdict, and an entry of the JSON file. */
export interface Target {
  name: string;
  target: string;
  /** Null if it was not measured. */
  figure: number | null;
  /** Of a ratio of times: half of the distance between the smallest and the largest repetition. */
  spread: number | null;
  /** Null without a verdict: not measured, not at the size of the targets, or a quick run. */
  met: boolean | null;
}

/** The size at which the figures of the targets are taken. */
export function targetSize({ sizes }: Options): number {
  const size = sizes.includes(TARGET_SIZE) ? TARGET_SIZE : sizes.at(-1);
  if (size === undefined) throw new Error("There is no size to measure.");
  return size;
}

export function targets(figures: Figures, options: Options): Target[] {
  const size = targetSize(options);
  const judged = size === TARGET_SIZE && !options.quick;
  const plain = (operation: Operation) => ({ scenario: "plain", size, operation }) as const;
  const perGrant = (contender: Contender, operation: Operation) =>
    over(requests(figures, { ...plain(operation), contender }), size);
  const ours = (operation: Operation) => ({ ...plain(operation), contender: "ours" }) as const;
  const underLimit = { scenario: "nylas", size, operation: "create", contender: "ours" } as const;
  const bound = slower(figures.limit(underLimit), figures.seconds({ ...plain("create"), contender: "floor" }));

  const most = (name: string, most: number, figure: number | Ratio | undefined, unit = "") =>
    line(name, `≤ ${most}${unit}`, figure, judged, (measured) => measured <= most);
  const naive = (operation: Operation, least: number) => {
    const smaller = Math.min(size, NAIVE_SIZE);
    const figure = figures.ratio({ ...plain(operation), size: smaller }, "naive", "ours");
    const name = `up, ${operation}, ${smaller} mailboxes: naive over ours`;
    return line(name, `≥ ${least}`, figure, judged, (measured) => measured >= least);
  };

  return [
    most("up, create: over the floor", 1.1, figures.ratio(plain("create"), "ours", "floor")),
    naive("create", 1.5),
    most("up, nothing changed: over the floor", 1.03, figures.ratio(plain("unchanged"), "ours", "floor")),
    most("up, nothing changed: requests", 0, requests(figures, ours("unchanged"))),
    most("preview: over the floor", 1.03, figures.ratio(plain("preview"), "ours", "floor")),
    most("preview: requests", 0, requests(figures, ours("preview"))),
    most("refresh: over the floor", 1.05, figures.ratio(plain("refresh"), "ours", "floor")),
    most("refresh: requests", 5, requests(figures, ours("refresh"))),
    most("up, create, under Nylas's limit: over limit or floor", 1.15, over(figures.seconds(underLimit), bound)),
    most(
      "up, create, under Nylas's limit: lines that mention it",
      0,
      figures.median(underLimit, (one) => one.limitLines),
    ),
    most("requests for each created grant", 2.05, perGrant("ours", "create")),
    most("requests for each created grant, verify: false", 1.05, perGrant("unverified", "create")),
    most("requests for each rotation", 2.05, perGrant("ours", "rotate")),
    most("requests for each rotation, verify: false", 1.05, perGrant("unverified", "rotate")),
    most("requests for each deletion (with a look before it)", 2.05, perGrant("ours", "destroy")),
    most("state for each grant", 2.8, stateKilobytes(figures, ours("create")), " kB"),
    most("memory of the provider's process: over the floor", 1.2, memory(figures, plain("create"), "ours", "floor")),
    ...nativeTargets(figures, plain, most),
    line(
      "start to first answer: later than the floor",
      "≤ 120 ms",
      figures.firstAnswerOverFloor(),
      !options.quick,
      (measured) => measured <= 120,
    ),
  ];
}

/** The plugin, held against the dynamic resources of the same run. */
function nativeTargets(
  figures: Figures,
  plain: (operation: Operation) => Omit<Selection, "contender">,
  most: (name: string, most: number, figure: number | Ratio | undefined, unit?: string) => Target,
): Target[] {
  const times = (operation: Operation) => figures.ratio(plain(operation), "native", "ours");
  return [
    most("plugin, up, create: over ours", 0.7, times("create")),
    most("plugin, up, nothing changed: over ours", 0.75, times("unchanged")),
    most("plugin, preview: over ours", 0.75, times("preview")),
    most("plugin, refresh: over ours", 0.65, times("refresh")),
    most("plugin, up, all rotated: over ours", 0.7, times("rotate")),
    most("plugin, destroy: over ours", 0.8, times("destroy")),
    most(
      "plugin, memory of the provider's process: over ours",
      0.55,
      memory(figures, plain("create"), "native", "ours"),
    ),
    most(
      "plugin, state for each grant",
      2,
      stateKilobytes(figures, { ...plain("create"), contender: "native" }),
      " kB",
    ),
    most(
      "plugin, start to first answer: over ours",
      0.2,
      over(figures.firstAnswer("native"), figures.firstAnswer("ours")),
    ),
  ];
}

function line(
  name: string,
  target: string,
  figure: number | Ratio | undefined,
  judged: boolean,
  holds: (figure: number) => boolean,
): Target {
  if (figure === undefined) return { name, target, figure: null, spread: null, met: null };
  const [value, spread] = typeof figure === "number" ? [figure, null] : [figure.median, figure.spread];
  return { name, target, figure: value, spread, met: judged ? holds(value) : null };
}

function requests(figures: Figures, selection: Selection): number | undefined {
  return figures.median(selection, (one) => one.requests);
}

function stateKilobytes(figures: Figures, selection: Selection): number | undefined {
  return over(
    figures.median(selection, (one) => one.stateBytes),
    1000,
  );
}

/** Of the providers' processes. */
function memory(
  figures: Figures,
  selection: Omit<Selection, "contender">,
  dividend: Contender,
  divisor: Contender,
): Ratio | undefined {
  return figures.ratio(selection, dividend, divisor, (one) => one.peakMemoryBytes);
}

/** Undefined unless both were measured: the engine may be slower than the limit. */
function slower(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : Math.max(left, right);
}

function over(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}
