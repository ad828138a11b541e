import { BEHAVIORS, type BehaviorName } from "nylas-emulator";
import { type Answer, type Expected, fits, inWords, whatCame } from "../../../emulator/test/register/answer.js";
import type { Expectation, Given } from "../../../emulator/test/register/expectation.js";
import { behaviorNames, defaultOf, REGISTER } from "../../../emulator/test/register/register.js";
import type { LiveConfig } from "./live-config.js";
import { LivePlace, NotTried } from "./live-place.js";

/** The order that needs the fewest connectors and grants. */
const PHASES: readonly Given[] = ["anything", "no connector", "connector", "grant", "connector and grant"];

/** The questions that this package most wants answered, in their order: within a phase they are asked first. */
export const FIRST: readonly BehaviorName[] = [
  "missingGrant",
  "nonAsciiPassword",
  "deniedPermissions",
  "contentType",
  "invalidGrant",
  "reauthWorkspace",
  "smtpRequired",
];

function rankOf({ instead = {} }: Expectation): number {
  const rank = FIRST.findIndex((name) => instead[name] !== undefined);
  return rank === -1 ? FIRST.length : rank;
}

/** What may be played at Nylas. Without a connector the refusals come first, for after them there is one. */
export const LIVE: readonly Expectation[] = PHASES.flatMap((phase) => {
  const playable = REGISTER.filter(({ given, live }) => given === phase && typeof live === "string").toSorted(
    (left, right) => rankOf(left) - rankOf(right),
  );
  if (phase !== "no connector") return playable;
  return playable.toSorted((left, right) => right.answer.status - left.answer.status);
});

/** One go through the register at Nylas itself. */
export class LiveRun {
  readonly #config: LiveConfig;
  readonly #place: LivePlace;
  /** The answers that are still possible, by switch. */
  readonly #possible = new Map<BehaviorName, string[]>();
  readonly #why = new Map<Expectation, string>();
  readonly #held: Expectation[] = [];
  readonly #left: string[] = [];

  private constructor(config: LiveConfig, place: LivePlace) {
    this.#config = config;
    this.#place = place;
  }

  static async begin(config: LiveConfig): Promise<LiveRun> {
    return new LiveRun(config, await LivePlace.open(config));
  }

  /** Undefined when it was played and one of the known answers came; otherwise why it was not played. */
  async play(expectation: Expectation): Promise<string | undefined> {
    try {
      this.#allow(expectation);
      await this.#place.prepare(expectation.given);
      const played = await expectation.play(this.#place);
      this.#settle(expectation, "status" in played ? [played] : played);
      return undefined;
    } catch (error) {
      const reason = error instanceof NotTried ? error.message : "it failed";
      this.#why.set(expectation, reason);
      if (error instanceof NotTried) return reason;
      throw error;
    }
  }

  async cleanUp(): Promise<void> {
    this.#left.push(...(await this.#place.cleanUp()));
  }

  /** What was learned, a line each; nothing secret is in them. */
  lines(): string[] {
    return [
      ...behaviorNames().map((name) => this.#lineOf(name)),
      ...this.#held
        .filter(({ standing, instead }) => standing !== "confirmed" && instead === undefined)
        .map(({ endpoint, situation, answer }) => `settled: ${endpoint}, ${situation} = ${inWords(answer)}`),
      ...this.#place.earlier.map((what) => `left behind by an earlier run: ${what}`),
      ...this.#left.map((what) => `left behind: ${what}`),
    ];
  }

  #allow({ live }: Expectation): void {
    if (live === "wrong password" && !this.#config.wrongPassword) {
      throw new NotTried("NYLAS_LIVE_WRONG_PASSWORD=1 is not set");
    }
    if (live === "send" && !this.#config.send) throw new NotTried("NYLAS_LIVE_SEND=1 is not set");
  }

  #settle(expectation: Expectation, answers: readonly Answer[]): void {
    const { endpoint, situation, answer: usual } = expectation;
    const others = othersOf(expectation);
    const fitting = (expected: Expected): boolean => answers.every((answer) => fits(expected, answer, this.#place));
    if (fitting(usual)) {
      this.#held.push(expectation);
      for (const name of new Set(others.map((other) => other.name))) {
        const same = others.filter((other) => other.name === name && fitting(other.expected));
        const unsaid = valuesOf(name).filter(
          (value) => !others.some((other) => other.name === name && other.value === value),
        );
        this.#narrow(name, [...unsaid, ...same.map(({ value }) => value)]);
      }
      return;
    }
    const [found] = others.filter(({ expected }) => fitting(expected));
    if (found === undefined) {
      const known = [usual, ...others.map(({ expected }) => expected)];
      const strange = answers.find((answer) => !known.some((expected) => fits(expected, answer, this.#place)));
      const came = (strange === undefined ? answers : [strange]).map((answer) => whatCame(answer, usual)).join("; ");
      throw new Error(`${endpoint}, ${situation}: known is ${known.map(inWords).join(" or ")}, and ${came} came`);
    }
    this.#excludeByStatus(expectation, found);
    const values = others.filter(({ name, expected }) => name === found.name && fitting(expected));
    this.#narrow(
      found.name,
      values.map(({ value }) => value),
    );
  }

  /** An answer that differs from the usual one in its type alone excludes the values that would change the status. */
  #excludeByStatus(expectation: Expectation, found: { name: BehaviorName; expected: Expected }): void {
    const { status } = expectation.answer;
    if (found.expected.status !== status) return;
    const excluded = othersOf(expectation).filter(
      ({ name, expected }) => name !== found.name && expected.status !== status,
    );
    for (const name of new Set(excluded.map((other) => other.name))) {
      const possible = valuesOf(name).filter(
        (value) => !excluded.some((other) => other.name === name && other.value === value),
      );
      this.#narrow(name, possible);
    }
  }

  #narrow(name: BehaviorName, values: readonly string[]): void {
    const before = this.#possible.get(name) ?? values;
    this.#possible.set(
      name,
      before.filter((value) => values.includes(value)),
    );
  }

  #lineOf(name: BehaviorName): string {
    const possible = this.#possible.get(name);
    const [only, ...more] = possible ?? [];
    if (possible === undefined) return `not settled: ${name} (${this.#whyNot(name)})`;
    if (only === undefined) return `not settled: ${name} (it differs from one endpoint to another)`;
    if (more.length > 0) return `not settled: ${name} (${possible.join(" or ")})`;
    if (BEHAVIORS[name].kind === "count" && only !== "0") return `settled: ${name} > 0`;
    return `settled: ${name} = ${only}`;
  }

  #whyNot(name: BehaviorName): string {
    const about = REGISTER.filter(({ instead }) => instead?.[name] !== undefined);
    const tried = about.flatMap((expectation) => this.#why.get(expectation) ?? []);
    const never = about.flatMap(({ live }) => (typeof live === "string" ? [] : live.no));
    return [...tried, ...never][0] ?? "no answer showed it";
  }
}

function othersOf({ instead = {} }: Expectation): { name: BehaviorName; value: string; expected: Expected }[] {
  return behaviorNames().flatMap((name) =>
    Object.entries(instead[name] ?? {}).map(([value, expected]) => ({ name, value, expected })),
  );
}

/** The default first. */
function valuesOf(name: BehaviorName): readonly string[] {
  const behavior = BEHAVIORS[name];
  return behavior.kind === "choice" ? behavior.values : [defaultOf(name)];
}
