import { parseMarker } from "../core/ownership/marker.js";
import type { Grant } from "../nylas/wire.js";

/** Digits of a digest that are shown. */
const SHOWN_DIGITS = 8;

export function subjectOf({ id, email }: Pick<Grant, "id" | "email">): string {
  return email === undefined ? `grant ${id}` : `grant ${id} of ${email}`;
}

/** The stack that manages a grant, by the digest of its name. A marker of version 0.1.0 does not name one. */
export function ownerOf({ state }: Pick<Grant, "state">): string {
  const marker = parseMarker(state);
  if (marker === undefined) return "none";
  return marker.stack === undefined ? "a stack" : `stack ${shortened(marker.stack)}`;
}

export function shortened(digest: string): string {
  return digest.slice(0, SHOWN_DIGITS);
}
