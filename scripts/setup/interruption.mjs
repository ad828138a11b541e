import { messageOf } from "../kit/errors.mjs";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** @type {Set<() => Promise<void>>} */
const cleanUps = new Set();
let interrupted = false;

export function isInterrupted() {
  return interrupted;
}

/**
 * Registers what to do when set-up is interrupted. The latest registration runs first, so that a process is stopped
 * before its directory is removed.
 * @param {() => Promise<void>} cleanUp
 * @returns {() => void} removes the registration
 */
export function onInterruption(cleanUp) {
  cleanUps.add(cleanUp);
  return () => cleanUps.delete(cleanUp);
}

/** @param {NodeJS.Signals} signal */
async function interrupt(signal) {
  if (interrupted) return;
  interrupted = true;
  for (const cleanUp of [...cleanUps].reverse()) {
    await cleanUp().catch((error) =>
      process.stderr.write(`set-up: cleaning up after ${signal}: ${messageOf(error)}\n`),
    );
  }
  stopListening();
  process.kill(process.pid, signal);
}

export function listenForInterruption() {
  for (const signal of SIGNALS) process.on(signal, interrupt);
}

export function stopListening() {
  for (const signal of SIGNALS) process.off(signal, interrupt);
}

/** Never resolves: the signal handler ends this process, and the interrupted step must not report its own failure. */
export function untilEnd() {
  return new Promise(() => {});
}
