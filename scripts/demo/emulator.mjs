import { EmulatorApi, emulatorCli, watchCli } from "../kit/emulator.mjs";
import { startProcess } from "../kit/processes.mjs";

/** Longest wait for the emulator to be ready, in milliseconds. */
const READY_TIMEOUT_MS = 30_000;

/**
 * Starts the emulator with its mail servers.
 * @param {Record<string, string>} env
 */
export async function startEmulator(env) {
  const { child, ready } = watchCli(startProcess("node", [emulatorCli, "--mail"], { env }));
  child.stderr.pipe(process.stderr);
  /** @type {NodeJS.Timeout | undefined} */
  let limit;
  /** @type {Promise<never>} */
  const tooLate = new Promise((_, reject) => {
    const error = new Error(`The emulator was not ready after ${READY_TIMEOUT_MS / 1000} s.`);
    limit = setTimeout(() => reject(error), READY_TIMEOUT_MS);
  });
  try {
    const emulator = await Promise.race([ready(), tooLate]);
    return { ...emulator, api: new EmulatorApi(emulator) };
  } finally {
    clearTimeout(limit);
  }
}
