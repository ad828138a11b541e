/** Most attempts of one request, including the first. */
export const MAX_ATTEMPTS = 5;
/** Most attempts of a read if Nylas reports that the mail server did not answer. Each attempt may be another login. */
export const MAX_PROVIDER_ATTEMPTS = 2;
/**
 * Most attempts of a POST whose answer was lost, or of a login that a gateway did not see the end of. Repeating it is safe even
 * if it took effect, because Nylas keeps one grant per address. But each `connect/custom` is a login, and mail servers lock a
 * mailbox after too many wrong passwords.
 */
export const MAX_LOST_POST_ATTEMPTS = 2;
/** First delay between attempts, in milliseconds; doubled each time. */
export const BASE_DELAY_MS = 500;
/** Longest backoff before jitter, in milliseconds. */
const MAX_DELAY_MS = 8_000;
/** Longest `Retry-After` that is respected, in milliseconds. A longer one ends the request. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** Time since the first attempt, in milliseconds, after which no retry starts. Waits for the rate limiter do not count. */
export const MAX_TOTAL_MS = 120_000;

/** Statuses of a login that may have reached the mail server. */
const LOST_LOGIN_STATUSES = [500, 502, 504];
const RETRIED_STATUSES = [429, 500, 502, 503, 504];

/** The result of a failed attempt, as far as it decides about the next one. */
export interface FailedAttempt {
  /** Attempts made so far, at least 1. */
  attempts: number;
  /** Time spent in attempts and delays of this request so far, in milliseconds. */
  spentMs: number;
  /** HTTP status; `undefined` if the connection failed before there was one. */
  status: number | undefined;
  /** `error.type` of the answer, which is matched by its suffix. */
  type: string | undefined;
  /** Milliseconds that the `Retry-After` header asks to wait. */
  retryAfterMs: number | undefined;
  /** Whether it was a POST that may have taken effect although its answer was lost. */
  lostPost: boolean;
  /** Whether Nylas logs in to a mail server for this request, with a password that may be wrong. */
  isLogin: boolean;
}

/**
 * Milliseconds to wait before the next attempt, or `undefined` to stop.
 *
 * `random` in [0, 1) adds jitter, which spreads concurrent runs out. The delay is never shorter than the backoff: with a
 * `Retry-After` of 0 or in the past, all attempts would otherwise fail within a second.
 */
export function retryDelay(failure: FailedAttempt, random: number): number | undefined {
  if (failure.attempts >= attemptsAllowed(failure)) return undefined;
  if (failure.status !== undefined && !RETRIED_STATUSES.includes(failure.status)) return undefined;

  const asked = failure.retryAfterMs;
  if (asked !== undefined && asked > MAX_RETRY_AFTER_MS) return undefined;
  const backoff = Math.min(BASE_DELAY_MS * 2 ** (failure.attempts - 1), MAX_DELAY_MS);
  const delay = Math.max(asked ?? 0, Math.round(backoff * (1 + random / 2)));
  return failure.spentMs + delay > MAX_TOTAL_MS ? undefined : delay;
}

function attemptsAllowed({ type, status, lostPost, isLogin }: FailedAttempt): number {
  // A mail server that hangs up has seen the password.
  if (isProviderFailure(type)) return isLogin ? 1 : MAX_PROVIDER_ATTEMPTS;
  const isLost = lostPost || (isLogin && status !== undefined && LOST_LOGIN_STATUSES.includes(status));
  return isLost ? MAX_LOST_POST_ATTEMPTS : MAX_ATTEMPTS;
}

/** `Retry-After` (seconds or an HTTP date) in milliseconds from now, at least 0; `undefined` when absent or unreadable. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  // Try numbers before dates: `Date.parse` reads "1.5" and "-5" as days of the year 2001.
  const seconds = header.trim() === "" ? Number.NaN : Number(header);
  if (!Number.isNaN(seconds)) return Math.max(0, Math.ceil(seconds * 1000));
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Whether an error's type is about the mail server rather than Nylas. */
export function isProviderFailure(type: string | undefined): boolean {
  return type !== undefined && /(^|[._])provider_(error|not_responding)$/.test(type);
}
