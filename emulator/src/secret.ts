import { createHash, timingSafeEqual } from "node:crypto";

/** Begins every access token and refresh token, so that the request log recognizes one wherever it stands. */
export const TOKEN_PREFIX = "nyt_emulator_";

/** Compares in constant time, regardless of where the secrets differ and of their lengths. */
export function sameSecret(left: string, right: string): boolean {
  return timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest());
}
