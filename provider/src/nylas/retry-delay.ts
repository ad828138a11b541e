/** Attempts of one request, the first included. */
export const MAX_ATTEMPTS = 5;
/** Attempts when Nylas says that the mail server did not answer: each may be one more login on a server that counts them. */
export const MAX_PROVIDER_ATTEMPTS = 2;
/**
 * Attempts of a POST whose answer was lost. It may have taken effect, which is safe to repeat: Nylas keeps one grant per
 * address. But each `connect/custom` is a login, perhaps with a wrong password, and mail servers lock mailboxes.
 */
export const MAX_LOST_POST_ATTEMPTS = 2;
/** First pause between attempts, in milliseconds; doubled each time. */
export const BASE_DELAY_MS = 500;
/** Longest pause that is chosen here, in milliseconds. */
export const MAX_DELAY_MS = 8_000;
/** Longest `Retry-After` that is waited for, in milliseconds; a longer one ends the attempt. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** Time after its first attempt, in milliseconds, in which a request may be sent again, less its waits for the limiter. */
export const MAX_TOTAL_MS = 120_000;

const RETRIED_STATUSES = [429, 500, 502, 503, 504];

/** What one failed attempt showed. */
export interface FailedAttempt {
  /** Attempts made so far, at least 1. */
  attempts: number;
  /** Time already spent in attempts and pauses of this request, in milliseconds. */
  spentMs: number;
  /** HTTP status; `undefined` when the connection failed before there was one. */
  status: number | undefined;
  /** Suffix-matched `error.type` of the answer. */
  type: string | undefined;
  /** The `Retry-After` header: seconds or an HTTP date. */
  retryAfter: string | undefined;
  /** Whether it was a POST that may have taken effect unseen. */
  lostPost: boolean;
}

/**
 * Milliseconds to wait before the next attempt, or `undefined` to stop.
 *
 * `random` is in [0, 1) and spreads a fleet of runs out. The pause never falls below the backoff: a `Retry-After` of 0 or in
 * the past would otherwise spend every attempt within a second.
 */
export function retryDelay(failure: FailedAttempt, random: number, now: number): number | undefined {
  if (failure.attempts >= attemptsAllowed(failure)) return undefined;
  if (failure.status !== undefined && !RETRIED_STATUSES.includes(failure.status)) return undefined;

  const asked = parseRetryAfter(failure.retryAfter, now);
  if (asked !== undefined && asked > MAX_RETRY_AFTER_MS) return undefined;
  const backoff = Math.min(BASE_DELAY_MS * 2 ** (failure.attempts - 1), MAX_DELAY_MS);
  const delay = Math.max(asked ?? 0, Math.round(backoff * (1 + random / 2)));
  return failure.spentMs + delay > MAX_TOTAL_MS ? undefined : delay;
}

function attemptsAllowed({ type, lostPost }: FailedAttempt): number {
  if (isProviderFailure(type)) return MAX_PROVIDER_ATTEMPTS;
  return lostPost ? MAX_LOST_POST_ATTEMPTS : MAX_ATTEMPTS;
}

/** `Retry-After` in milliseconds from now, at least 0; `undefined` when absent or unreadable. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  // Before dates: `Date.parse` takes "1.5" and "-5" for days of the year 2001.
  const seconds = header.trim() === "" ? Number.NaN : Number(header);
  if (!Number.isNaN(seconds)) return Math.max(0, Math.ceil(seconds * 1000));
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Whether the answer speaks of the mail server rather than of Nylas. */
export function isProviderFailure(type: string | undefined): boolean {
  return type !== undefined && /(^|[._])provider_(error|not_responding)$/.test(type);
}
