import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "../../tools/harness/errors.mjs";
import { onInterruption } from "../../tools/harness/interruption.mjs";
import { isAlive } from "../../tools/harness/processes.mjs";
import { report } from "./report.mjs";

const POLL_MS = 200;
const WAIT_LIMIT_MS = 45 * 60_000;
/** Age at which a lock file without a process id is abandoned: its owner was killed between creating and writing it. */
const UNFILLED_LIMIT_MS = 10_000;

/** @param {string} file */
async function owner(file) {
  try {
    const text = await readFile(file, "utf8");
    if (text !== "") return { text, alive: isAlive(Number(text)) };
    const { mtimeMs } = await stat(file);
    return { text, alive: Date.now() - mtimeMs < UNFILLED_LIMIT_MS };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * @param {string} file
 * @param {string} text its content when its owner was found dead
 */
async function removeLeftover(file, text) {
  const aside = `${file}.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  // Another set-up may have replaced the file with its own lock since it was read; then put that lock back.
  if ((await readFile(aside, "utf8")) === text) await rm(aside, { force: true });
  else await rename(aside, file);
}

/**
 * Runs `body` while holding a lock file: two concurrent `npm ci` in one clone would corrupt node_modules.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} body
 */
export async function withLock(file, body) {
  const giveUpAt = Date.now() + WAIT_LIMIT_MS;
  let waiting = false;
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const found = await owner(file);
    if (found === undefined) continue;
    if (!found.alive) {
      await removeLeftover(file, found.text);
      continue;
    }
    if (!waiting)
      report("lock", `another set-up is running in this clone (process ${found.text}); waiting for it to end`);
    waiting = true;
    if (Date.now() > giveUpAt) {
      throw new Error(
        `Waited ${WAIT_LIMIT_MS / 60_000} minutes for the set-up of process ${found.text} (${file}). ` +
          "End that process, or delete the file if it is no set-up, and run again.",
      );
    }
    await delay(POLL_MS);
  }
  const release = () => rm(file, { force: true });
  const forget = onInterruption(release);
  try {
    return await body();
  } finally {
    await release();
    forget();
  }
}
