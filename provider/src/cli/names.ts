import { createHash } from "node:crypto";

/** Addresses and domains whose names are readable: letters, digits and single dots, hyphens and "@" between them. */
const READABLE = /^[a-z0-9]+([.@-][a-z0-9]+)*$/;
/** Hexadecimal digits of the digest in other names. */
const DIGEST_LENGTH = 10;

/**
 * A name for a mailbox that is an identifier in TypeScript. A log-in name without "@" gets a digest, because it may be a word of the
 * language or of the program.
 */
export function identifierFor(key: string): string {
  return nameFor(key, key.includes("@"));
}

/**
 * A key of Pulumi's configuration for a mailbox or domain, such as `ann_at_my__company_com`. It depends on `key` alone, so that a later
 * mailbox changes no name, and different keys have different names: a digest distinguishes those with other characters.
 */
export function nameFor(key: string, mayBeReadable = true): string {
  const isReadable = mayBeReadable && READABLE.test(key) && !key.split(/[.@-]/).includes("at");
  const words = key
    .replaceAll("-", "__")
    .replaceAll("@", "_at_")
    .replaceAll(/[^a-z0-9_]+/g, "_");
  const name = isReadable ? words : `${words.replaceAll(/_+/g, "_").replace(/_$/, "")}_${digestOf(key)}`;
  return /^[a-z_]/.test(name) ? name : `_${name}`;
}

function digestOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, DIGEST_LENGTH);
}
