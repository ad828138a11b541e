import { messageOf } from "./errors.mjs";
import { isInterrupted, untilEnd } from "./interruption.mjs";

/**
 * Runs a check, and prints its outcome.
 * @param {string} name
 * @param {() => Promise<unknown>} check
 */
export async function passes(name, check) {
  const started = performance.now();
  let problem;
  try {
    await check();
  } catch (error) {
    if (isInterrupted()) await untilEnd();
    problem = messageOf(error);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${problem === undefined ? "✓" : "✗"} ${name} (${seconds} s)\n`);
  if (problem !== undefined) process.stdout.write(`${problem.replace(/^/gm, "    ")}\n`);
  return problem === undefined;
}
