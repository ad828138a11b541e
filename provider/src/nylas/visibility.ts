import type { NylasClient } from "./client.js";

/**
 * Age of a grant, in milliseconds, from which Nylas's answers count as showing it. A new grant may be missing from a list, and
 * a request by its id may be answered 404; lags of more than a minute have been observed.
 */
export const VISIBLE_AFTER_MS = 180_000;

/**
 * Milliseconds until a grant of this creation time counts as visible; 0 if it does, or if the time cannot be right. By Nylas's
 * clock: this machine's may have been set since. Without a date in Nylas's answers, by this machine's.
 */
export function visibleInMs(client: NylasClient, createdAt: string | undefined): number {
  const age = (client.now() ?? Date.now()) - Date.parse(createdAt ?? "");
  return age > -VISIBLE_AFTER_MS && age < VISIBLE_AFTER_MS ? VISIBLE_AFTER_MS - age : 0;
}
