import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { text } from "../lifecycle/validate.js";
import { keepSecret } from "../redact.js";
import { sendablePassword } from "./sendable.js";

/** Where the provider reads a password: an environment variable of its process, or a file on its machine. */
export type PasswordSource =
  | {
      /** Name of the environment variable. */
      env: string;
    }
  | {
      /** Path of the file. A relative one starts at the project's directory. */
      file: string;
    };

/** Longest file that is read, in bytes: a password, not a mistaken path to a log or a device. */
const MAX_FILE_BYTES = 65_536;
/** Random bytes in front of each digest, so that equal passwords have different digests. */
const SALT_BYTES = 16;

export const passwordSource = v.union(
  [v.strictObject({ env: text }), v.strictObject({ file: text })],
  'must be { env: "NAME" } or { file: "path" }',
);

/** A password that was found, or why there is none. An absent source is expected in previews without secrets. */
export type Reading = { value: string } | { absent: string } | { invalid: string };

/**
 * Reads a password where the provider runs. An unset or empty environment variable is absent, because CI systems pass a missing
 * secret as an empty text; so is a missing or empty file. One line break at the end of a file is removed.
 */
export function readPassword(source: PasswordSource): Reading {
  const reading = "env" in source ? fromEnvironment(source) : fromFile(source);
  if (!("value" in reading)) return reading;
  keepSecret(reading.value);
  const checked = v.safeParse(sendablePassword, reading.value);
  return checked.success ? reading : { invalid: `the password in ${nameOf(source)} ${checked.issues[0].message}` };
}

/** A salted digest, by which a later run recognizes the password; an earlier digest of the same password is kept. */
export function passwordDigest(value: string, earlier?: string): string {
  if (earlier !== undefined && isDigestOf(earlier, value)) return earlier;
  const salt = randomBytes(SALT_BYTES).toString("hex");
  return `${salt}:${saltedHash(salt, value)}`;
}

export function isDigestOf(digest: string, value: string): boolean {
  const [salt = "", hash = ""] = digest.split(":");
  const expected = Buffer.from(saltedHash(salt, value));
  const given = Buffer.from(hash);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function saltedHash(salt: string, value: string): string {
  return createHmac("sha256", salt).update(value).digest("hex");
}

function fromEnvironment(source: { env: string }): Reading {
  const value = process.env[source.env];
  if (value === undefined) return { absent: `${nameOf(source)} is not set` };
  return value === "" ? { absent: `${nameOf(source)} is empty` } : { value };
}

function fromFile(source: { file: string }): Reading {
  const path = source.file;
  try {
    const status = statSync(path);
    if (!status.isFile()) return { invalid: `${path} is not a regular file` };
    if (status.size > MAX_FILE_BYTES) return { invalid: `${nameOf(source)} is longer than ${MAX_FILE_BYTES} bytes` };
    const value = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    return value === "" ? { absent: `${nameOf(source)} is empty` } : { value };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an unknown error";
    if (code === "ENOENT")
      return { absent: `${nameOf(source)} does not exist (relative paths start at ${process.cwd()})` };
    return { invalid: `${nameOf(source)} cannot be read: ${code}` };
  }
}

function nameOf(source: PasswordSource): string {
  return "env" in source ? `environment variable ${source.env}` : `file ${source.file}`;
}
