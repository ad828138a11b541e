import { setTimeout } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import type { Random } from "../random.js";
import type { Env } from "./context.js";

/** Standard deviation of the logarithm. One answer in a hundred then takes more than 3.2 times the median. */
const SPREAD = 0.5;
/** The longest delay, as a multiple of the median. */
const MAX_FACTOR = 10;

/** Delays each request by a time of a log-normal distribution, as those of remote APIs are. Off for a median of 0. */
export function latency(medianMs: number, random: Random): MiddlewareHandler<Env> {
  return async (_context, next) => {
    // The timer does not keep the process alive after the emulator has been closed.
    if (medianMs > 0) await setTimeout(drawLatency(medianMs, random), undefined, { ref: false });
    return next();
  };
}

export function drawLatency(medianMs: number, random: Random): number {
  // Box and Muller's transformation. `1 - random()` is never 0, whose logarithm is infinite.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return medianMs * Math.min(Math.exp(SPREAD * normal), MAX_FACTOR);
}
