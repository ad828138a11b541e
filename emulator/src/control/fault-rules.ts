import type { JsonObject } from "../api/body.js";
import { invalidRequest } from "../api/errors.js";
import type { Random } from "../random.js";
import { readRule } from "./rule-reader.js";

const MAX_RULES = 100;

/** What to do to a request. Exactly the fields that were asked for. */
export interface Fault {
  status?: number;
  /** Seconds or an HTTP date; null for a 429 without the header. */
  retryAfter?: number | string | null;
  delayMs?: number;
  reset?: boolean;
  truncate?: boolean;
  /** Perform the request first, fail then. */
  afterEffect?: boolean;
}

export interface Rule {
  matches(method: string, path: string): boolean;
  /** The number of the matching request, from 1 on. */
  fires(count: number, random: Random): boolean;
  /** How often at most. */
  times: number;
  fault: Fault;
}

/** A rule as it was sent, with how many requests it has matched, and at how many of them it has fired. */
export type RuleReport = JsonObject & { matched: number; fired: number };

/** The rules of `PUT /_emulator/faults`; the first that fires decides, each counts all requests that match it. */
export class FaultRules {
  readonly #seeded: () => Random;
  #random: Random;
  #rules: { given: JsonObject; rule: Rule; matched: number; fired: number }[] = [];

  /** `seeded` begins the sequence of a seed, the same one each time when there is a seed. */
  constructor(seeded: () => Random) {
    this.#seeded = seeded;
    this.#random = seeded();
  }

  /** Begins the seed's sequence again: what a test meets does not depend on the tests before it. */
  replace(rules: unknown): void {
    if (!Array.isArray(rules) || rules.length > MAX_RULES) {
      throw invalidRequest(`Send an array of at most ${MAX_RULES} rules, as it is or as {"rules": […]}.`);
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
