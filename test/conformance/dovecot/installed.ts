import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe } from "vitest";

/** Where Debian puts it, which an ordinary user's PATH does not lead to, unless the environment names another one. */
export const DOVECOT = process.env.DOVECOT ?? "/usr/sbin/dovecot";
/** By the package that brings them. */
const PARTS =
  process.env.DOVECOT === undefined
    ? { "dovecot-imapd": "/usr/lib/dovecot/imap", "dovecot-submissiond": "/usr/lib/dovecot/submission" }
    : {};
const INSTALL = "apt-get install -y --no-install-recommends";

/** Its tests run where Dovecot is, and are named after its version; elsewhere their name says what is missing. */
export function describeWithDovecot(name: string, body: () => void): void {
  const missing = Object.entries(PARTS).flatMap(([packageName, path]) => (existsSync(path) ? [] : [packageName]));
  if (missing.length === 0) describe(`${name} [Dovecot ${dovecotVersion()}]`, body);
  else describe.skip(`${name} [skipped: ${missing.join(" and ")} missing; ${INSTALL} ${missing.join(" ")}]`, body);
}

/** Such as 2.3.19.1. */
export function dovecotVersion(): string {
  const printed = execFileSync(DOVECOT, ["--version"], { encoding: "utf8" });
  return /^[\d.]+/.exec(printed)?.[0] ?? printed.trim();
}
