const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** @type {Set<() => Promise<void>>} */
const undoings = new Set();
let interrupted = false;

export function isInterrupted() {
  return interrupted;
}

/**
 * What has to be undone when set-up is interrupted. Latest first: a process dies before its directory is removed.
 * @param {() => Promise<void>} undo
 * @returns {() => void} call it when there is nothing to undo any more
 */
export function onInterruption(undo) {
  undoings.add(undo);
  return () => undoings.delete(undo);
}

/** @param {NodeJS.Signals} signal */
async function interrupt(signal) {
  if (interrupted) return;
  interrupted = true;
  for (const undo of [...undoings].reverse()) {
    await undo().catch((error) => process.stderr.write(`set-up: cleaning up after ${signal}: ${error.message}\n`));
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

/** The signal handler ends this process; until then the interrupted work must not go on or report its own failure. */
export function untilEnd() {
  return new Promise(() => {});
}
