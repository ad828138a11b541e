const STEP_WIDTH = 13;

/**
 * Prints to standard error: `npm run pulumi -- stack export` may run set-up first, and its standard output is Pulumi's.
 * @param {string} step
 * @param {string} text
 */
export function report(step, text) {
  process.stderr.write(`set-up: ${step.padEnd(STEP_WIDTH)} ${text}\n`);
}

/** @param {number} since a value of performance.now() */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
