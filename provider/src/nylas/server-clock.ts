import { performance } from "node:perf_hooks";

/** How much the clocks of Nylas's servers may differ, in milliseconds: one dates a grant, and another one the answer. */
export const CLOCK_TOLERANCE_MS = 10_000;

/** Nylas's time, which no change of this machine's clock affects. */
export interface ServerClock {
  /** An answer of Nylas's has this `Date` header. */
  read(date: string | undefined): void;
  /** The time at Nylas in milliseconds since 1970; `undefined` until an answer had a date. */
  now(): number | undefined;
}

export function createServerClock(): ServerClock {
  let latest: { time: number; readAt: number } | undefined;
  return {
    read: (date) => {
      const time = date === undefined ? Number.NaN : Date.parse(date);
      if (!Number.isNaN(time)) latest = { time, readAt: performance.now() };
    },
    now: () => (latest === undefined ? undefined : latest.time + performance.now() - latest.readAt),
  };
}
