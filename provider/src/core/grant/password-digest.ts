import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { keepSecret } from "../../redact.js";

/** Bytes of the salt in front of each digest, by which equal passwords of two resources have different digests. */
const SALT_BYTES = 8;
/** Bytes of the hash. */
const HASH_BYTES = 16;
/** Characters of the hash in digests of earlier builds, which are hexadecimal. */
const LONG_HASH_LENGTH = 64;

/** The passwords that `check` has been given in this process, by their digests. */
const given = new Map<string, string>();

/**
 * Keeps a password in this process and returns the digest that stands for it. Pulumi shows and stores what `check` returns, so the
 * password itself goes no further: `create` and `update`, which the engine calls in the same process, ask for it by its digest.
 */
export function keepPassword(value: string, seed: readonly string[], earlier?: string): string {
  const digest = passwordDigest(value, seed, earlier);
  keepSecret(value);
  given.set(digest, value);
  return digest;
}

export function keptPassword(digest: string): string | undefined {
  return given.get(digest);
}

/**
 * A salted digest, by which a later run recognizes the password; an earlier digest of the same password is kept. The salt is
 * made of `seed`, which identifies the password's argument: with a random one, an update would differ from its saved plan.
 */
export function passwordDigest(value: string, seed: readonly string[], earlier?: string): string {
  if (earlier !== undefined && isDigestOf(earlier, value)) return earlier;
  const salt = createHash("sha256").update(JSON.stringify(seed)).digest().subarray(0, SALT_BYTES).toString("base64url");
  return `${salt}:${shortHash(salt, value)}`;
}

export function isDigestOf(digest: string, value: string): boolean {
  const [salt = "", hash = ""] = digest.split(":");
  const expected = hash.length === LONG_HASH_LENGTH ? saltedHash(salt, value).toString("hex") : shortHash(salt, value);
  return hash.length === expected.length && timingSafeEqual(Buffer.from(hash), Buffer.from(expected));
}

function shortHash(salt: string, value: string): string {
  return saltedHash(salt, value).subarray(0, HASH_BYTES).toString("base64url");
}

function saltedHash(salt: string, value: string): Buffer {
  return createHmac("sha256", salt).update(value).digest();
}
