import { constants } from "node:os";
import { messageOf } from "./errors.mjs";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
const FIRST_SIGNAL_CODE = 128;

/**
 * npm forwards a signal that this process has already received from the terminal or with its process group. A signal
 * within this time after the first one, in milliseconds, is such a copy.
 */
export const SAME_SIGNAL_MS = 500;
/** When to say that cleaning up takes long, in milliseconds. */
const PATIENCE_MS = 1_000;

/** @typedef {(hurry: AbortSignal) => Promise<void>} CleanUp `hurry` aborts at a second signal */

/** @type {Set<CleanUp>} */
const cleanUps = new Set();
const hurry = new AbortController();
/** @type {number | undefined} */
let interruptedAt;

export function isInterrupted() {
  return interruptedAt !== undefined;
}

/**
 * Registers what to do at an interruption. The latest registration runs first, so that a process is stopped before its
 * directory is removed.
 * @param {CleanUp} cleanUp
 * @returns {() => void} removes the registration
 */
export function onInterruption(cleanUp) {
  cleanUps.add(cleanUp);
  return () => cleanUps.delete(cleanUp);
}

/**
 * From here on a signal cleans up, and then ends this process with the signal's exit code. So does the end of whoever
 * reads the output, such as `head` or a closed terminal.
 */
export function listenForInterruption() {
  for (const signal of SIGNALS) process.on(signal, interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", hangUp);
}

export function stopListening() {
  for (const signal of SIGNALS) process.off(signal, interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.off("error", hangUp);
}

/** Never resolves: the signal handler ends this process, and the interrupted step must not report its own failure. */
export function untilEnd() {
  return new Promise(() => {});
}

function hangUp() {
  if (!isInterrupted()) void interrupt("SIGHUP");
}

/** @param {typeof SIGNALS[number]} signal */
async function interrupt(signal) {
  if (interruptedAt !== undefined) {
    if (performance.now() - interruptedAt > SAME_SIGNAL_MS) hurry.abort();
    return;
  }
  interruptedAt = performance.now();
  const timer = setTimeout(() => {
    process.stderr.write("Stopping what still runs. A second Ctrl-C kills it.\n");
  }, PATIENCE_MS);
  for (const cleanUp of [...cleanUps].reverse()) {
    await cleanUp(hurry.signal).catch((error) => {
      process.stderr.write(`Cleaning up after ${signal} failed: ${messageOf(error)}\n`);
    });
  }
  clearTimeout(timer);
  process.exit(FIRST_SIGNAL_CODE + constants.signals[signal]);
}
