import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { codeOf } from "../../tools/harness/errors.mjs";
import { isInterrupted, onInterruption } from "../../tools/harness/interruption.mjs";
import { isAlive } from "../../tools/harness/processes.mjs";
import { cacheDirectory } from "./paths.mjs";

const TEMPORARY = ".tmp-";
/**
 * Longer than any build takes: a temporary directory of this age was left by a killed set-up, even if its process id
 * belongs to another process.
 */
const LEFTOVER_AGE_MS = 24 * 3_600_000;

/** @param {string} directory */
function remove(directory) {
  return rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The cache may be shared with other machines or containers, whose process ids cannot be checked here. */
function machine() {
  return hostname().replace(/[^a-zA-Z0-9]/g, "_");
}

/**
 * Removes the temporary directories of set-ups that were killed.
 * @param {string} [cache]
 */
export async function removeLeftovers(cache = cacheDirectory) {
  /** @type {string[]} */
  let names;
  try {
    names = await readdir(cache);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  for (const name of names) {
    const [, host, pid] = /\.tmp-([^-]+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    const directory = join(cache, name);
    const dead = host === machine() && !isAlive(Number(pid));
    const made = await stat(directory).catch(() => undefined);
    if (made && (dead || Date.now() - made.mtimeMs > LEFTOVER_AGE_MS)) await remove(directory);
  }
}

/**
 * Creates a cache entry atomically: `make` fills a temporary directory next to the entry and returns the path of the
 * part to keep, which is renamed to the entry. If two set-ups create the same entry, the first rename wins.
 * @param {string} entry the entry's path
 * @param {(temporary: string) => Promise<string>} make
 */
export async function makeEntry(entry, make) {
  await mkdir(dirname(entry), { recursive: true });
  const temporary = await mkdtemp(`${entry}${TEMPORARY}${machine()}-${process.pid}-`);
  const forget = onInterruption(() => remove(temporary));
  try {
    const made = await make(temporary);
    await rename(made, entry).catch(async (error) => {
      const winner = await stat(entry).catch(() => undefined);
      if (!winner?.isDirectory()) throw error;
    });
  } finally {
    // After an interruption the registered clean-up removes it, once the processes that write to it have exited.
    if (!isInterrupted()) await remove(temporary);
    forget();
  }
}
