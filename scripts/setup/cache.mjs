import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf } from "../kit/errors.mjs";
import { isAlive } from "../kit/processes.mjs";
import { isInterrupted, onInterruption } from "./interruption.mjs";
import { cacheDirectory } from "./paths.mjs";

const TEMPORARY = ".tmp-";
/** Older than any build: what a killed set-up left, even if its process id belongs to another process by now. */
const LEFTOVER_AGE_MS = 24 * 3_600_000;

/** @param {string} directory */
function remove(directory) {
  return rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** A cache may be shared by machines or containers, whose process ids mean nothing here. */
function machine() {
  return hostname().replace(/[^a-zA-Z0-9]/g, "_");
}

/** Directories whose set-up was killed without a chance to remove them. */
export async function removeLeftovers() {
  /** @type {string[]} */
  let names;
  try {
    names = await readdir(cacheDirectory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  for (const name of names) {
    const [, host, pid] = /\.tmp-([^-]+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    const directory = join(cacheDirectory, name);
    const dead = host === machine() && !isAlive(Number(pid));
    const made = await stat(directory).catch(() => undefined);
    if (made && (dead || Date.now() - made.mtimeMs > LEFTOVER_AGE_MS)) await remove(directory);
  }
}

/**
 * Makes a cache entry: `make` fills a temporary sibling and names the part of it to keep, which is renamed into place.
 * Of two set-ups at once the first one wins, and neither ever sees half an entry.
 * @param {string} entry the entry's path
 * @param {(temporary: string) => Promise<string>} make
 */
export async function makeEntry(entry, make) {
  await mkdir(cacheDirectory, { recursive: true });
  const temporary = await mkdtemp(`${entry}${TEMPORARY}${machine()}-${process.pid}-`);
  const forget = onInterruption(() => remove(temporary));
  try {
    const made = await make(temporary);
    await rename(made, entry).catch(async (error) => {
      const winner = await stat(entry).catch(() => undefined);
      if (!winner?.isDirectory()) throw error;
    });
  } finally {
    // Otherwise the interruption removes it, once the processes that write into it have ended.
    if (!isInterrupted()) await remove(temporary);
    forget();
  }
}
