import { isObject, type JsonObject } from "../conventions/body.js";
import type { Random } from "../random.js";
import { ControlError } from "./control-error.js";

/** What to do with a request. Has only the fields that the rule names. */
export interface Fault {
  status?: number;
  /** The Retry-After header: seconds or an HTTP date; null for a 429 without it. */
  retryAfter?: number | string | null;
  /** Instead of Nylas's error envelope, as gateways answer. */
  body?: string;
  /** Of `body`. */
  contentType?: string;
  delayMs?: number;
  reset?: boolean;
  truncate?: boolean;
  stall?: boolean;
  /** Perform the request before failing. */
  afterEffect?: boolean;
}

export interface Rule {
  matches(method: string, path: string): boolean;
  /** `count` is the number of the matching request, starting at 1. */
  fires(count: number, random: Random): boolean;
  /** Maximum number of firings. */
  times: number;
  fault: Fault;
}

const MAX_DELAY_MS = 600_000;
const MAX_PATTERN = 512;
const MAX_SHOWN = 60;
/** Characters. */
const MAX_BODY = 65_536;
const MAX_CONTENT_TYPE = 256;
/** A smaller one is no failure, unless the body is not what a client expects. */
const FIRST_FAILURE = 400;
/** Statuses that must not have a body, which is not what a client expects either. */
export const BODILESS: readonly number[] = [204, 205, 304];

const MATCH_FIELDS = ["method", "path", "nth", "probability", "times"];
const FAULT_FIELDS = [
  "status",
  "retryAfter",
  "body",
  "contentType",
  "delayMs",
  "reset",
  "truncate",
  "stall",
  "afterEffect",
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** Faults apply to paths below this one. */
const ROOT = "/v3/";

/** Refuses rules that could never fire and fields without effect: tests that rely on them would pass by accident. */
export function readRule(given: unknown, index: number): { given: JsonObject; rule: Rule } {
  const refuse: Refuse = (problem) => new ControlError(`Rule ${index}: ${problem}`);
  if (!isObject(given)) throw refuse(`expected an object, not ${shown(given)}.`);
  const known = [...MATCH_FIELDS, ...FAULT_FIELDS];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw refuse(`there is no field ${shown(unknown)}; a rule has ${known.join(", ")}.`);
  const read: Read = { given, refuse };
  const nth = wholeNumber(read, "nth", 1);
  const probability = readProbability(read);
  if (nth !== undefined && probability !== undefined) throw refuse("nth and probability exclude each other.");
  const matchesMethod = readMethod(read);
  const matchesPath = readPath(read);
  return {
    given,
    rule: {
      matches: (method, path) => matchesMethod(method) && matchesPath(path),
      fires: (count, random) => {
        if (nth !== undefined) return count >= nth;
        return probability === undefined || random() < probability;
      },
      times: wholeNumber(read, "times", 1) ?? (nth === undefined ? Number.POSITIVE_INFINITY : 1),
      fault: readFault(read),
    },
  };
}

type Refuse = (problem: string) => Error;

interface Read {
  given: JsonObject;
  refuse: Refuse;
}

function wholeNumber({ given, refuse }: Read, name: string, min: number, max = Number.MAX_SAFE_INTEGER) {
  const value = given[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw refuse(`${name} must be a whole number ${range}, not ${shown(value)}.`);
  }
  return value;
}

function readProbability({ given, refuse }: Read): number | undefined {
  const { probability } = given;
  if (probability === undefined) return undefined;
  if (typeof probability !== "number" || probability < 0 || probability > 1) {
    throw refuse(`probability must be a number from 0 to 1, not ${shown(probability)}.`);
  }
  return probability;
}

function readMethod({ given, refuse }: Read): (method: string) => boolean {
  const { method } = given;
  if (method === undefined) return () => true;
  const wanted = typeof method === "string" ? method.toUpperCase() : undefined;
  if (wanted === undefined || !METHODS.includes(wanted)) {
    throw refuse(`method must be one of ${METHODS.join(", ")}, or left out for all, not ${shown(method)}.`);
  }
  return (actual) => actual === wanted;
}

/**
 * `*` matches any characters, including slashes. The query is ignored. Both sides are decoded before the comparison,
 * because clients write an address in a path with `@` or with `%40`.
 */
function readPath({ given, refuse }: Read): (path: string) => boolean {
  const { path = "*" } = given;
  if (typeof path !== "string" || path.length > MAX_PATTERN) {
    throw refuse(`path must be a pattern of at most ${MAX_PATTERN} characters, not ${shown(path)}.`);
  }
  const [first = "", ...others] = decoded(path).split("*");
  const reachesRoot = first.startsWith(ROOT) || (others.length > 0 && ROOT.startsWith(first));
  if (!reachesRoot || /[?#]/.test(path)) {
    throw refuse(`path must be a pattern below ${ROOT}, without a query, not ${shown(path)}.`);
  }
  const last = others.pop();
  if (last === undefined) return (actual) => decoded(actual) === first;
  return (given) => {
    const actual = decoded(given);
    if (!actual.startsWith(first)) return false;
    let from = first.length;
    for (const part of others) {
      const at = actual.indexOf(part, from);
      if (at === -1) return false;
      from = at + part.length;
    }
    return actual.length - last.length >= from && actual.endsWith(last);
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function readFault(read: Read): Fault {
  const { refuse } = read;
  const status = wholeNumber(read, "status", 200, 599);
  const retryAfter = readRetryAfter(read);
  const body = readString(read, "body", MAX_BODY, /^/);
  const contentType = readString(read, "contentType", MAX_CONTENT_TYPE, /^[\x20-\x7e]*$/);
  const delayMs = wholeNumber(read, "delayMs", 0, MAX_DELAY_MS);
  const fault: Fault = {
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...flag(read, "reset"),
    ...flag(read, "truncate"),
    ...flag(read, "stall"),
    ...flag(read, "afterEffect"),
  };
  if (Object.keys(fault).length === 0) throw refuse(`needs one of ${FAULT_FIELDS.join(", ")}.`);
  const ignored = ["status", "retryAfter", "body", "truncate", "stall"].find((name) => name in fault);
  if (fault.reset && ignored !== undefined) {
    throw refuse(`reset and ${ignored} exclude each other: a connection that is reset carries no answer.`);
  }
  if (fault.truncate && fault.stall) {
    throw refuse("truncate and stall exclude each other: the half answer ends the connection, or it keeps it open.");
  }
  if (contentType !== undefined && body === undefined) throw refuse("contentType needs a body.");
  const needsBody = ["body", "truncate", "stall"].find((name) => name in fault);
  if (needsBody !== undefined && BODILESS.includes(status ?? 0)) {
    throw refuse(`status ${status} and ${needsBody} exclude each other: such an answer has no body.`);
  }
  if (status !== undefined && status < FIRST_FAILURE && body === undefined && !BODILESS.includes(status)) {
    throw refuse(`status ${status} is no failure: give the body that takes the place of the right one.`);
  }
  return fault;
}

function readString({ given, refuse }: Read, name: string, max: number, allowed: RegExp): string | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value.length <= max && allowed.test(value)) return value;
  throw refuse(`${name} must be a string of at most ${max} characters, not ${shown(value)}.`);
}

function readRetryAfter({ given, refuse }: Read): number | string | null | undefined {
  const { retryAfter } = given;
  if (retryAfter === undefined || retryAfter === null || typeof retryAfter === "number") return retryAfter;
  if (typeof retryAfter === "string" && /^[\x20-\x7e]*$/.test(retryAfter)) return retryAfter;
  throw refuse(`retryAfter must be seconds, a date or other plain text, or null, not ${shown(retryAfter)}.`);
}

function flag({ given, refuse }: Read, name: "reset" | "truncate" | "stall" | "afterEffect"): Fault {
  const value = given[name];
  if (value !== undefined && typeof value !== "boolean") {
    throw refuse(`${name} must be true or false, not ${shown(value)}.`);
  }
  return value === true ? { [name]: true } : {};
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
