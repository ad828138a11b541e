import type { JsonObject } from "../conventions/body.js";
import type { Random } from "../random.js";
import { ControlError } from "./control-error.js";
import { type Fault, type Rule, readRule } from "./rule-reader.js";

const MAX_RULES = 100;

/** A rule as it was sent, with the number of matched requests and of firings. */
export type RuleReport = JsonObject & { matched: number; fired: number };

/** The rules of `PUT /_emulator/faults`. The first rule that fires wins; every rule counts all requests it matches. */
export class FaultRules {
  readonly #seeded: () => Random;
  #random: Random;
  #rules: { given: JsonObject; rule: Rule; matched: number; fired: number }[] = [];

  /** `seeded` starts a random sequence; with a seed the same one each time. */
  constructor(seeded: () => Random) {
    this.#seeded = seeded;
    this.#random = seeded();
  }

  /** Restarts the random sequence, so that a test does not depend on the tests before it. */
  replace(rules: unknown): void {
    if (!Array.isArray(rules) || rules.length > MAX_RULES) {
      throw new ControlError(`Send an array of at most ${MAX_RULES} rules, as it is or as {"rules": […]}.`);
    }
    this.#rules = rules.map((given: unknown, index) => ({ ...readRule(given, index), matched: 0, fired: 0 }));
    this.#random = this.#seeded();
  }

  clear(): void {
    this.#rules = [];
  }

  list(): RuleReport[] {
    return this.#rules.map(({ given, matched, fired }) => ({ ...given, matched, fired }));
  }

  take(method: string, path: string): Fault | undefined {
    let taken: Fault | undefined;
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!rule.matches(method, path)) continue;
      entry.matched += 1;
      if (taken !== undefined || entry.fired === rule.times || !rule.fires(entry.matched, this.#random)) continue;
      entry.fired += 1;
      taken = rule.fault;
    }
    return taken;
  }
}
