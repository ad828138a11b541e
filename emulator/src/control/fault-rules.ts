import { isObject, type JsonObject } from "../api/body.js";
import { invalidRequest } from "../api/errors.js";
import type { Random } from "../random.js";

const MAX_RULES = 100;
const MAX_DELAY_MS = 600_000;
const MAX_PATTERN = 512;

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

interface Rule {
  matches(method: string, path: string): boolean;
  /** The number of the matching request, from 1 on. */
  fires(count: number): boolean;
  timesLeft: number;
  count: number;
  fault: Fault;
}

/** The rules of `PUT /_emulator/faults`; the first that fires decides, each counts all requests that match it. */
export class FaultRules {
  readonly #random: Random;
  #rules: Rule[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  replace(rules: unknown): void {
    if (!Array.isArray(rules) || rules.length > MAX_RULES) {
      throw invalidRequest(`Send an array of at most ${MAX_RULES} rules.`);
    }
    this.#rules = rules.map((rule: unknown, index) => readRule(rule, index, this.#random));
  }

  clear(): void {
    this.#rules = [];
  }

  take(method: string, path: string): Fault | undefined {
    let taken: Fault | undefined;
    for (const rule of this.#rules) {
      if (!rule.matches(method, path)) continue;
      rule.count += 1;
      if (taken !== undefined || rule.timesLeft === 0 || !rule.fires(rule.count)) continue;
      rule.timesLeft -= 1;
      taken = rule.fault;
    }
    return taken;
  }
}

const KNOWN_FIELDS = new Set([
  "method",
  "path",
  "nth",
  "probability",
  "times",
  "status",
  "retryAfter",
  "delayMs",
  "reset",
  "truncate",
  "afterEffect",
]);

function readRule(rule: unknown, index: number, random: Random): Rule {
  const refuse = (problem: string): Error => invalidRequest(`Rule ${index}: ${problem}`);
  if (!isObject(rule)) throw refuse("must be an object.");
  const unknown = Object.keys(rule).find((name) => !KNOWN_FIELDS.has(name));
  if (unknown !== undefined) throw refuse(`unknown field ${unknown}.`);
  const number = numberReader(rule, refuse);
  const nth = number("nth", 1, Number.MAX_SAFE_INTEGER);
  const probability = number("probability", 0, 1);
  if (nth !== undefined && probability !== undefined) throw refuse("nth and probability exclude each other.");
  const times = number("times", 1, Number.MAX_SAFE_INTEGER) ?? (nth === undefined ? Number.POSITIVE_INFINITY : 1);
  const fault = readFault(rule, number, refuse);
  return {
    matches: matcher(rule, refuse),
    fires: (count) => {
      if (nth !== undefined) return count >= nth;
      return probability === undefined || random() < probability;
    },
    timesLeft: times,
    count: 0,
    fault,
  };
}

type ReadNumber = (name: string, min: number, max: number) => number | undefined;

function numberReader(rule: JsonObject, refuse: (problem: string) => Error): ReadNumber {
  return (name, min, max) => {
    const value = rule[name];
    if (value === undefined) return undefined;
    const whole = name === "probability" || Number.isInteger(value);
    if (typeof value !== "number" || !whole || !(value >= min && value <= max)) {
      throw refuse(`${name} must be a number from ${min} to ${max}.`);
    }
    return value;
  };
}

function readFault(rule: JsonObject, number: ReadNumber, refuse: (problem: string) => Error): Fault {
  const status = number("status", 200, 599);
  const delayMs = number("delayMs", 0, MAX_DELAY_MS);
  const { retryAfter } = rule;
  const isWait = typeof retryAfter === "number" || typeof retryAfter === "string" || retryAfter === null;
  if (retryAfter !== undefined && !isWait) throw refuse("retryAfter must be seconds, a date or null.");
  if (typeof retryAfter === "string" && /[^\x20-\x7e]/.test(retryAfter)) throw refuse("retryAfter must be plain text.");
  const fault: Fault = {
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter: retryAfter as number | string | null }), // narrowed by isWait
    ...(delayMs === undefined ? {} : { delayMs }),
    ...flag(rule, "reset", refuse),
    ...flag(rule, "truncate", refuse),
    ...flag(rule, "afterEffect", refuse),
  };
  if (Object.keys(fault).length === 0) {
    throw refuse("needs one of status, retryAfter, delayMs, reset, truncate, afterEffect.");
  }
  return fault;
}

function flag(rule: JsonObject, name: "reset" | "truncate" | "afterEffect", refuse: (problem: string) => Error): Fault {
  const value = rule[name];
  if (value !== undefined && typeof value !== "boolean") throw refuse(`${name} must be true or false.`);
  return value === true ? { [name]: true } : {};
}

/** `*` stands for any run of characters, slashes too; the query is not looked at. */
function matcher(rule: JsonObject, refuse: (problem: string) => Error): Rule["matches"] {
  const { method, path } = rule;
  if (method !== undefined && typeof method !== "string") throw refuse("method must be a string.");
  if (path !== undefined && (typeof path !== "string" || path.length > MAX_PATTERN)) {
    throw refuse(`path must be a pattern of at most ${MAX_PATTERN} characters.`);
  }
  const escaped = (path ?? "*").replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*");
  const pattern = new RegExp(`^${escaped}$`);
  const wanted = method?.toUpperCase();
  return (actual, actualPath) => (wanted === undefined || wanted === actual) && pattern.test(actualPath);
}
