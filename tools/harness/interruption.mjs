import { constants } from "node:os";
import { messageOf } from "./errors.mjs";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
const FIRST_SIGNAL_CODE = 128;

/** @typedef {() => Promise<void>} CleanUp */

/** @type {Set<CleanUp>} */
const cleanUps = new Set();
let interrupted = false;

export function isInterrupted() {
  return interrupted;
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
 * From here on a signal cleans up, and then ends this process with the signal's exit code. Another signal meanwhile changes
 * nothing: npm forwards a copy of what the terminal has sent. An output that nobody reads any more counts as SIGHUP.
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
  void interrupt("SIGHUP");
}

/** @param {typeof SIGNALS[number]} signal */
async function interrupt(signal) {
  if (interrupted) return;
  interrupted = true;
  for (const cleanUp of [...cleanUps].reverse()) {
    await cleanUp().catch((error) => {
      process.stderr.write(`Cleaning up after ${signal} failed: ${messageOf(error)}\n`);
    });
  }
  process.exit(FIRST_SIGNAL_CODE + constants.signals[signal]);
}
