import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import type { Host } from "../../host.js";
import { keepSecret } from "../../redact.js";
import { text } from "../properties/validate.js";
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

export const passwordSource = v.union(
  [v.strictObject({ env: text }), v.strictObject({ file: text })],
  'must be { env: "NAME" } or { file: "path" }',
);

/**
 * A password that was read, with what keeps it from being sent; or why there is none. An absent source is expected in previews
 * without secrets.
 */
export type Reading = { value: string; problem?: string | undefined } | { absent: string } | { invalid: string };

/**
 * Reads a password where the provider runs. An unset or empty environment variable is absent, because CI systems pass a missing
 * secret as an empty text; so is a missing or empty file. One line break at the end of a file is removed.
 */
export function readPassword(source: PasswordSource, host: Pick<Host, "env" | "directory">): Reading {
  const reading = "env" in source ? fromEnvironment(source, host) : fromFile(source, host);
  if (!("value" in reading)) return reading;
  keepSecret(reading.value);
  const checked = v.safeParse(sendablePassword, reading.value);
  const problem = checked.success ? undefined : `the password in ${nameOf(source)} ${checked.issues[0].message}`;
  return { problem, ...reading };
}

function fromEnvironment(source: { env: string }, { env }: Pick<Host, "env">): Reading {
  const value = env[source.env];
  if (value === undefined) return { absent: `${nameOf(source)} is not set` };
  return value === "" ? { absent: `${nameOf(source)} is empty` } : { value };
}

function fromFile(source: { file: string }, { directory }: Pick<Host, "directory">): Reading {
  const path = resolve(directory, source.file);
  try {
    // Before it is opened: a device may act on that.
    const special = specialKind(statSync(path));
    if (special !== undefined)
      return { invalid: `${nameOf(source)} is ${special} and no regular file; it was not read` };
    const bytes = readBounded(path);
    if (bytes === undefined) return { invalid: `${nameOf(source)} is longer than ${MAX_FILE_BYTES} bytes` };
    const value = bytes.toString("utf8").replace(/\r?\n$/, "");
    if (value === "") return { absent: `${nameOf(source)} is empty` };
    const encoding = foreignEncoding(bytes);
    return encoding === undefined ? { value } : { value, problem: `${nameOf(source)} ${encoding}` };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an unknown error";
    if (code === "ENOENT") return { absent: `${nameOf(source)} does not exist (relative paths start at ${directory})` };
    return { invalid: `${nameOf(source)} cannot be read: ${code}` };
  }
}

function specialKind(status: Stats): string | undefined {
  if (status.isFile()) return undefined;
  if (status.isDirectory()) return "a directory";
  if (status.isFIFO()) return "a pipe";
  return status.isSocket() ? "a socket" : "a device";
}

/** `undefined` if the file is too long. Its length is not believed: files under `/proc` have length 0 and any content. */
function readBounded(path: string): Buffer | undefined {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
    return length > MAX_FILE_BYTES ? undefined : buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Why a file is not plain UTF-8. Checked on the bytes, because decoding them hides it. */
function foreignEncoding(bytes: Buffer): string | undefined {
  const begins = (...mark: number[]) => mark.every((byte, index) => bytes[index] === byte);
  if (begins(0xef, 0xbb, 0xbf)) return "starts with a byte order mark (BOM); save it as UTF-8 without one";
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff) || bytes.includes(0)) {
    return "is in UTF-16, as Windows PowerShell's `>` writes it; save it as UTF-8 without a byte order mark";
  }
  return isUtf8(bytes) ? undefined : "is in another encoding than UTF-8, such as Latin-1; save it as UTF-8";
}

function nameOf(source: PasswordSource): string {
  return "env" in source ? `environment variable ${source.env}` : `file ${source.file}`;
}
