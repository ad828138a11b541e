import { setTimeout as pause } from "node:timers/promises";
import { NylasApiError } from "nylas";

/** `attempts` counts the first one. A wait of more than `longestMs` is not waited for: the job fails instead. */
const DEFAULTS = { attempts: 8, firstMs: 500, longestMs: 60_000 };

const PASSING = [429, 500, 502, 503, 504];
/** Answered to a repetition while the first request is still at work. */
const STILL_AT_WORK = "api.concurrent_idempotent_request";

/** Repeats requests that may be repeated. The SDK does not: it throws at the first 429. */
export class Patience {
  #options;
  /** Before this time, in milliseconds, no request is sent: Nylas has asked so. */
  #quietUntil = 0;

  /** @param {Partial<typeof DEFAULTS>} [options] */
  constructor(options) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * @template Answer
   * @param {() => Promise<Answer>} request
   * @returns {Promise<Answer>}
   */
  async of(request) {
    const { attempts, firstMs, longestMs } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await this.#quiet();
      try {
        return await request();
      } catch (error) {
        const asked = askedWait(error);
        if (attempt === attempts || !isPassing(error) || (asked ?? 0) > longestMs) throw error;
        if (asked === undefined) await pause(backoff(attempt, firstMs, longestMs));
        else this.#quietUntil = Math.max(this.#quietUntil, Date.now() + asked);
      }
    }
  }

  /** Loops because another request's Retry-After may extend the wait. */
  async #quiet() {
    while (Date.now() < this.#quietUntil) await pause(this.#quietUntil - Date.now());
  }
}

/** @param {unknown} error */
function isPassing(error) {
  if (!(error instanceof NylasApiError)) {
    // No answer, half of one, or one that is not JSON: the SDK throws a different class for each.
    return true;
  }
  return PASSING.includes(error.statusCode ?? 0) || error.type === STILL_AT_WORK;
}

/** In milliseconds; undefined when nothing was asked. @param {unknown} error */
function askedWait(error) {
  const header = error instanceof NylasApiError ? error.headers?.["retry-after"] : undefined;
  if (header === undefined) return undefined;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

/**
 * Exponential backoff with jitter over the upper half, so that clients refused together do not retry together.
 * @param {number} attempt @param {number} firstMs @param {number} longestMs
 */
function backoff(attempt, firstMs, longestMs) {
  const whole = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return whole * (0.5 + Math.random() / 2);
}
