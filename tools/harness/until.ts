import { setTimeout as pause } from "node:timers/promises";

/** Between two looks at a condition, in milliseconds. */
const LOOK_AGAIN_MS = 20;

/** Waits until the condition holds; fails, naming it, when it does not hold in time. */
export async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`after ${limitMs} ms it still does not hold: ${what}`);
    await pause(LOOK_AGAIN_MS);
  }
}
