import { randomBytes, randomInt } from "node:crypto";

const MAX_SEED = 2 ** 32;
const PASSWORD_LENGTH = 20;
const PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** Numbers in [0, 1), repeatable for a seed. Not cryptographically secure. */
export type Random = () => number;

/** Mulberry32: small, fast and random enough for fault probabilities. */
export function seededRandom(seed: number = randomInt(MAX_SEED)): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / MAX_SEED;
  };
}

/** The password of a sample mailbox; the same for the same seed. */
export function samplePassword(seed: Random | undefined): string {
  const next = seed ?? (() => randomInt(MAX_SEED) / MAX_SEED);
  return Array.from({ length: PASSWORD_LENGTH }, () => {
    return PASSWORD_ALPHABET[Math.floor(next() * PASSWORD_ALPHABET.length)];
  }).join("");
}

export function randomApiKey(): string {
  return `nyk_emulator_${randomBytes(24).toString("base64url")}`;
}
