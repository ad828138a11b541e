import { COLUMNS, print, progress } from "../../tools/harness/progress.mjs";

const STEP_WIDTH = 13;

/**
 * Prints to standard error: `npm run pulumi -- stack export` may run set-up first, and its standard output is Pulumi's.
 * @param {string} step
 * @param {string} text
 */
export function report(step, text) {
  const start = prefix(step);
  print(process.stderr, `${start}${wrapped(text, COLUMNS - start.length).join(`\n${" ".repeat(start.length)}`)}`);
}

/**
 * Says that a step goes on, until `end` is called.
 * @param {string} step
 * @param {string} text
 */
export function reportProgress(step, text) {
  return progress(`${prefix(step)}${text}`);
}

/** @param {number} since a value of performance.now() */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** @param {string} step */
function prefix(step) {
  return `set-up: ${step.padEnd(STEP_WIDTH)} `;
}

/** @param {string} text @param {number} columns */
function wrapped(text, columns) {
  /** @type {string[]} */
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
