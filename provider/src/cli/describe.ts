import { holderOf, markerOf, shortened } from "../core/ownership/marker.js";
import type { Grant } from "../nylas/wire.js";

export function subjectOf({ id, email }: Pick<Grant, "id" | "email">): string {
  return email === undefined ? `grant ${id}` : `grant ${id} of ${email}`;
}

/** The stack that manages a grant, by the digest of its name. A marker of version 0.1.0 does not name one. */
export function ownerOf(grant: Pick<Grant, "state">): string {
  const marker = markerOf(grant);
  if (marker === undefined) return "none";
  return marker.stack === undefined ? "a stack" : `stack ${shortened(marker.stack)}`;
}

/** The stack that has marked a grant; it may be gone. For a sentence. */
export function markedBy(grant: Pick<Grant, "state">): string {
  return `marked by ${holderOf(markerOf(grant)?.stack, undefined)}`;
}
