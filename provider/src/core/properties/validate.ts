import { isIP } from "node:net";
import * as v from "valibot";
import { nearest } from "../../nearest.js";
import { namesWhere, type PropertyTable } from "./table.js";
import { changed, type Values } from "./values.js";

/** Pulumi's placeholder for a value that is not known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Highest TCP port. */
const MAX_PORT = 65_535;
/** Longest host name in the DNS, in characters. */
const MAX_HOST_LENGTH = 253;
/** Longest password that is sent, in characters. */
const MAX_PASSWORD_LENGTH = 4_096;
/** Longest other text argument, in characters. */
const MAX_TEXT_LENGTH = 1_024;

/**
 * Characters that no log-in name contains: blanks, control characters, unpaired surrogates, and invisible characters except
 * the two joiners that some scripts need in a domain.
 */
const UNTYPABLE = /[\s\p{Cc}\p{Cs}]|(?!\p{Join_Control})\p{Cf}/u;

/** What Pulumi's SDKs put into a text instead of an output: `Calling [toString] on an [Output<T>] is not supported.`, in Java with quotes. */
const OUTPUT_IN_TEXT = /Calling \S+ on an ['[]?Output/;

/** Programs often mean to give a value that turns out to be none. */
export const NO_VALUE = "is required and has no value; is a configuration key or an environment variable unset?";

export interface CheckFailure {
  property: string;
  reason: string;
}

/** Validates the arguments; a value that is not known yet passes. */
export function validate(table: PropertyTable, inputs: Readonly<Record<string, unknown>>): CheckFailure[] {
  const required = namesWhere(table, (property) => property.required === true);
  const failures = required
    .filter((name) => inputs[name] === undefined || inputs[name] === null)
    .map((name) => missing(name, NO_VALUE));
  for (const [name, value] of Object.entries(inputs)) {
    if (name.startsWith("__") || value === UNKNOWN || value === undefined || value === null) continue;
    const property = table[name];
    if (property === undefined) {
      failures.push(unknownName(name, "argument", publicNames(table)));
      continue;
    }
    if (typeof value === "string" && OUTPUT_IN_TEXT.test(value)) {
      const reason =
        "has an output inside of a text, where it shows no value: combine them with apply, or as the SDK does, such as by pulumi.interpolate";
      failures.push(missing(name, reason));
      continue;
    }
    const result = v.safeParse(property.schema, value);
    // The reason always names the property; `property` stays empty where Pulumi may not print its value.
    if (!result.success) {
      const isQuoted = property.secret !== true && property.mayHoldSecret !== true;
      failures.push({ property: isQuoted ? name : "", reason: `${name} ${result.issues[0].message}` });
    }
  }
  return failures;
}

/** The names that a program may give. */
export function publicNames(table: PropertyTable): string[] {
  return namesWhere(table, ({ hidden }) => hidden !== true);
}

/** The names whose values no message may show. */
export function secretNames(table: PropertyTable): string[] {
  return namesWhere(table, ({ secret }) => secret === true);
}

/** Refuses a name. It may be a mistyped secret one, so its value must not be shown either. */
export function unknownName(name: string, kind: "argument" | "setting", known: readonly string[]): CheckFailure {
  return {
    property: "",
    reason: `"${name}" is not ${kind === "argument" ? "an" : "a"} ${kind}${suggestion(name, kind, known)}`,
  };
}

/** A failure without `property`, for which Pulumi would print `value {<nil>} has a problem`. */
export function missing(property: string, reason: string): CheckFailure {
  return { property: "", reason: `${property} ${reason}` };
}

export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN;
}

/**
 * Which of these names replace the object. A value that is not known yet does not: the engine calls `diff` again once it is
 * known.
 */
export function replacing(olds: Values, news: Values, names: readonly string[], defaults: Values): string[] {
  return changed(olds, news, names, defaults).filter((name) => !isUnknown(news[name]));
}

export const text = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.maxLength(MAX_TEXT_LENGTH, `must not be longer than ${MAX_TEXT_LENGTH} characters`),
);

export const flag = v.boolean("must be true or false");

export const port = v.pipe(
  v.number("must be a number, such as 993 (from configuration: config.requireNumber)"),
  v.integer("must be a whole number"),
  v.minValue(1, `must be from 1 to ${MAX_PORT}`),
  v.maxValue(MAX_PORT, `must be from 1 to ${MAX_PORT}`),
);

/**
 * An e-mail address, or another log-in name, such as `CORP\ops`. Mail servers decide what they accept, so this refuses only
 * what none can accept.
 */
export const loginName = v.pipe(
  text,
  v.check(
    (value) => !UNTYPABLE.test(value),
    "must be an e-mail address or a log-in name, such as ops@example.com, without blanks, control characters or invisible ones",
  ),
  v.check(
    (value) => value.split("@").every((part) => part !== ""),
    'must be an e-mail address or a log-in name with something before and after the "@"',
  ),
);

/** A password. The messages never quote it. */
export const password = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.maxLength(MAX_PASSWORD_LENGTH, `must not be longer than ${MAX_PASSWORD_LENGTH} characters`),
  v.check(
    (value) => !/[\r\n\0]/.test(value),
    "must not contain a line break or a zero byte (a value read from a file often ends in one)",
  ),
);

export const host = v.pipe(
  text,
  v.check((value) => !value.includes("://"), "must be a host name without a scheme, such as imap.example.com"),
  v.check((value) => !/\s/.test(value), "must not contain blanks"),
  v.check(
    (value) => isIP(value) !== 0 || !/:\d+$/.test(value),
    "must be a host name without a port; the port has an argument of its own",
  ),
  v.check(isHost, "must be a host name, such as imap.example.com, or an IP address"),
);

export const applicationName = v.pipe(
  text,
  v.regex(/^[a-z][a-z0-9-]*$/i, 'must be a configuration namespace: letters, digits and hyphens, such as "nylas-eu"'),
);

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return v.picklist(values, `must be ${values.map((value) => `"${value}"`).join(" or ")}`);
}

function isHost(value: string): boolean {
  if (isIP(value) !== 0) return true;
  const labels = value.replace(/\.$/, "").split(".");
  return (
    value.length <= MAX_HOST_LENGTH &&
    labels.every((label) => /^[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u.test(label))
  );
}

function suggestion(property: string, kind: string, known: readonly string[]): string {
  const near = nearest(property, known);
  return near === undefined ? `; the ${kind}s are ${known.join(", ")}` : `; did you mean "${near}"?`;
}
