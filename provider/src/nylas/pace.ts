import { setTimeout as pause } from "node:timers/promises";

/** Requests that come after a quiet time may be sent at once, as many as the rate allows in this time, in milliseconds. */
const BURST_MS = 100;
/** Share of the full rate that a slowed one regains each second. */
const RECOVERY_PER_SECOND = 0.05;
/** Time after a slow-down in which other refusals do not slow down again, in milliseconds: they were sent before it. */
const ONE_REFUSAL_MS = 1_000;
/** Slowest rate, in requests per second. */
const MIN_RATE = 1;

/** When the requests of one application may be sent. */
export interface Pace {
  /** Resolves when the next request may be sent. */
  turn(): Promise<void>;
  /**
   * Nylas refused a request because the application sends too many. None is sent for `pauseMs`; then they go on at half the
   * rate, which rises again. Other processes may use the application too, and each of them slows down like this.
   */
  slowDown(pauseMs: number): void;
}

/** Spreads requests evenly: at most `perSecond`, and a tenth more after a quiet time. */
export function createPace(perSecond: number): Pace {
  let last: Promise<void> = Promise.resolve();
  /** When the next request may be sent, on the monotonic clock. */
  let nextAt = performance.now();
  let slowedRate = perSecond;
  let slowedAt = nextAt;

  return {
    turn: () => {
      last = last.then(wait);
      return last;
    },
    slowDown: (pauseMs) => {
      const now = performance.now();
      if (slowedRate === perSecond || now - slowedAt > ONE_REFUSAL_MS) {
        slowedRate = Math.max(MIN_RATE, rate(now) / 2);
        slowedAt = now + pauseMs;
      }
      nextAt = Math.max(nextAt, now + pauseMs);
    },
  };

  async function wait(): Promise<void> {
    // A refusal may move `nextAt` meanwhile.
    for (let ms = nextAt - performance.now(); ms > 0; ms = nextAt - performance.now()) await pause(ms);
    const now = performance.now();
    const gapMs = 1000 / rate(now);
    nextAt = Math.max(nextAt, now - Math.max(0, BURST_MS - gapMs)) + gapMs;
  }

  function rate(now: number): number {
    const regained = (perSecond * RECOVERY_PER_SECOND * Math.max(0, now - slowedAt)) / 1000;
    return Math.min(perSecond, slowedRate + regained);
  }
}
