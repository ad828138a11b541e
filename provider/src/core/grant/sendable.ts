import * as v from "valibot";
import { host, password } from "../properties/validate.js";

/**
 * Stands in the state of an imported grant: Nylas does not tell its password. A password has no line break, so this differs from
 * every real one.
 */
export const UNKNOWN_PASSWORD = "not told by Nylas\n";
/** The same for its mail servers. No host's name ends in `.invalid`. */
export const UNKNOWN_HOST = "not-told-by-nylas.invalid";

/** Import files have either text. */
const PLACEHOLDERS: readonly unknown[] = [UNKNOWN_PASSWORD, "not told by Nylas"];

const GIVE_REAL_ONE = "; give the real one in the program, and take it out of ignoreChanges";

const BYTE_ORDER_MARK = "\ufeff";
const ASCII = /^[\0-\x7f]*$/;

export function isPlaceholder(value: unknown): boolean {
  return PLACEHOLDERS.includes(value);
}

/**
 * A password that may be sent. The messages never quote it. Nylas cannot authenticate one with characters outside ASCII.
 *
 * @see https://developer.nylas.com/docs/provider-guides/imap/troubleshooting/
 */
export const sendablePassword = v.pipe(
  v.string("must be a string"),
  v.check(
    (value) => !isPlaceholder(value),
    `is the placeholder of an import, because Nylas tells no passwords${GIVE_REAL_ONE}`,
  ),
  v.check(
    (value) => !value.startsWith(BYTE_ORDER_MARK),
    "starts with a byte order mark (BOM), which is no part of a password; save its source as UTF-8 without one",
  ),
  v.check(
    (value) => ASCII.test(value),
    "has characters outside ASCII, and Nylas cannot authenticate a mailbox with such a password; change it at the mail server",
  ),
  password,
);

/** A mail server to which a password may be sent. */
export const sendableHost = v.pipe(
  v.string("must be a string"),
  v.check(
    (value) => value !== UNKNOWN_HOST,
    `is the placeholder of an import, because Nylas did not tell the mail server${GIVE_REAL_ONE}`,
  ),
  host,
);
