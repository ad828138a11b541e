import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in constant time, regardless of where the secrets differ and of their lengths. */
export function sameSecret(left: string, right: string): boolean {
  return timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest());
}
