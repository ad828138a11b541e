import { randomBytes, randomInt } from "node:crypto";

const MAX_SEED = 2 ** 32;
const PASSWORD_LENGTH = 20;
const PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** Numbers in [0, 1), repeatable for a seed. Never for anything that must stay secret outside a test. */
export type Random = () => number;

/** Mulberry32: small, fast and good enough to spread faults over requests. */
export function seededRandom(seed: number = randomInt(MAX_SEED)): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / MAX_SEED;
  };
}

/** A sample mailbox's password; with a seed always the same one. */
export function samplePassword(seed: Random | undefined): string {
  const next = seed ?? (() => randomInt(MAX_SEED) / MAX_SEED);
  return Array.from({ length: PASSWORD_LENGTH }, () => {
    return PASSWORD_ALPHABET[Math.floor(next() * PASSWORD_ALPHABET.length)];
  }).join("");
}

export function randomApiKey(): string {
  return `nyk_emulator_${randomBytes(24).toString("base64url")}`;
}
