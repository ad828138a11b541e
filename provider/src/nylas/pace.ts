import { setTimeout as pause } from "node:timers/promises";

/** Time in which Nylas counts requests, in milliseconds. */
const WINDOW_MS = 1_000;
/**
 * After a quiet time, as many requests may be sent at once as the rate allows in this time, in milliseconds. A run whose engine is
 * slower than the rate then waits for nothing.
 */
const BURST_MS = 500;
/** Slowest share of the full rate. With it, a run that meets nothing but refusals still ends. */
const MIN_SHARE = 1 / 8;
/** Share of the full rate that a slowed one regains each second. */
const RECOVERY_PER_SECOND = 0.05;

/** When the requests of one application may be sent. */
export interface Pace {
  /** Resolves when the next request may be sent. */
  turn(): Promise<void>;
  /**
   * Nylas refused a request because the application sends too many. None is sent for a second; then they go on at half the
   * rate, which rises again. Other processes may use the application too, and each of them slows down like this.
   */
  slowDown(): void;
}

/** Sends at most `perSecond` requests in any second, and spreads those that wait evenly. */
export function createPace(perSecond: number): Pace {
  let last: Promise<void> = Promise.resolve();
  /** When the last requests were sent, at most `perSecond` of them, on the monotonic clock. */
  const sent: number[] = [];
  /** When the next request may be sent. */
  let nextAt = performance.now();
  let slowedRate = perSecond;
  /** When the requests went on, or will go on, after the last refusal. */
  let slowedAt = Number.NEGATIVE_INFINITY;

  return {
    turn: () => {
      last = last.then(wait);
      return last;
    },
    slowDown: () => {
      const now = performance.now();
      // This request was sent before an earlier refusal took effect.
      if (now < slowedAt + WINDOW_MS) return;
      slowedRate = Math.max(perSecond * MIN_SHARE, rate(now) / 2);
      slowedAt = now + WINDOW_MS;
      nextAt = Math.max(nextAt, slowedAt);
    },
  };

  async function wait(): Promise<void> {
    // A refusal may move the time meanwhile.
    for (let ms = readyAt() - performance.now(); ms > 0; ms = readyAt() - performance.now()) await pause(ms);
    const now = performance.now();
    const gapMs = 1_000 / rate(now);
    nextAt = Math.max(readyAt(), now - Math.max(0, BURST_MS - gapMs)) + gapMs;
    sent.push(now);
    if (sent.length > perSecond) sent.shift();
  }

  function readyAt(): number {
    const [oldest = Number.NEGATIVE_INFINITY] = sent.length < perSecond ? [] : sent;
    return Math.max(nextAt, oldest + WINDOW_MS);
  }

  function rate(now: number): number {
    const regained = (perSecond * RECOVERY_PER_SECOND * Math.max(0, now - slowedAt)) / 1_000;
    return Math.min(perSecond, slowedRate + regained);
  }
}
