import { BEHAVIORS, type BehaviorName } from "nylas-emulator";

/** Behaviors of the emulator and their values, as `startEmulator` takes them. */
export type Answers = Readonly<Partial<Record<BehaviorName, string>>>;

/**
 * Behaviors that are not open questions. Scenarios set the rate limit and the key's permissions where they need them. Nylas's
 * contract promises to return `state`; scenarios of their own cover its absence.
 */
const NOT_OPEN: readonly string[] = [
  "rateLimitPerSecond",
  "deniedPermissions",
  "stateEcho",
  // Tests of their own play a Nylas that lags, caps its pages and hides addresses.
  "newGrantLagSeconds",
  "grantsPerPage",
  "listedAddress",
];

/** Behaviors of endpoints, or of parts of answers, that only programs other than the provider use. */
const OF_OTHER_CLIENTS: readonly string[] = [
  "participantName",
  "oauthErrors",
  "tokenInfoProof",
  "smtpRequired",
  "partialSettings",
  "contentType",
  "reauthWorkspace",
];

/** The other value of numeric behaviors: longer than any test, or zero. */
const OTHER_NUMBERS: Answers = { listLagSeconds: "3600", connectorDeleteGraceSeconds: "0" };

/** Every answer that Nylas may give instead of the emulator's default, by open question. */
export const ALTERNATIVES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(BEHAVIORS)
    .filter(([name]) => ![...NOT_OPEN, ...OF_OTHER_CLIENTS].includes(name))
    .map(([name, behavior]) => [name, behavior.kind === "choice" ? behavior.values.slice(1) : otherNumbers(name)]),
);

/** The alternatives one by one. */
export const SINGLE_ALTERNATIVES: readonly { name: string; value: string }[] = [...ALTERNATIVES].flatMap(
  ([name, values]) => values.map((value) => ({ name, value })),
);

/**
 * Questions whose answers the provider ignores; `test/provider/open-questions.test.ts` proves it. They need no rows of their own:
 * each row for other questions includes one of their alternatives.
 */
export const UNREAD: readonly string[] = [
  "settingsEcho",
  "scope",
  "notFoundType",
  "unauthorizedType",
  "rateLimitType",
  "relatedIds",
];

/**
 * Pairs that must not be in one row: with immediate purging, the grace period has no effect, and a register's row has one
 * answer for a grant that was purged.
 */
const AFTER: Readonly<Record<string, string>> = {
  connectorDeleteGraceSeconds: "connectorDelete",
  missingGrant: "connectorDeleteGraceSeconds",
};

/** The fewest sets of answers in which every alternative of these questions is given once. `turn` chooses for the unread. */
export function rowsOf(questions: readonly string[], turn: number): Answers[] {
  const open = questions.flatMap((name) => {
    const values = ALTERNATIVES.get(name);
    if (values === undefined) return [];
    return [{ name, values, before: rowsBefore(name, questions) }];
  });
  const read = open.filter(({ name }) => !UNREAD.includes(name));
  const length = Math.max(0, ...read.map(({ values, before }) => before + values.length));
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(
      open.flatMap(({ name, values, before }) => {
        const value = UNREAD.includes(name) ? values[(turn + row) % values.length] : values[row - before];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}

function rowsBefore(name: string, questions: readonly string[]): number {
  const earlier = AFTER[name];
  if (earlier === undefined) return 0;
  const own = questions.includes(earlier) ? (ALTERNATIVES.get(earlier)?.length ?? 0) : 0;
  return own + rowsBefore(earlier, questions);
}

/** Sets in which every alternative is given at least once, those of the unread questions too. */
export function allRows(): Answers[] {
  const rows = rowsOf([...ALTERNATIVES.keys()], 0);
  const left = SINGLE_ALTERNATIVES.filter(({ name, value }) => !rows.some((row) => Reflect.get(row, name) === value));
  return [...rows, ...left.map(({ name, value }) => ({ [name]: value }))];
}

function otherNumbers(name: string): string[] {
  const value = Object.entries(OTHER_NUMBERS).find(([known]) => known === name)?.[1];
  if (value === undefined) throw new Error(`behavior ${name} is a number and has no other one to be tried with`);
  return [value];
}
