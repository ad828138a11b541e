import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { codeOf } from "../kit/errors.mjs";

/** How long a process may take to end by itself after it was asked to, in milliseconds. */
const GRACE_MS = 15_000;

const windows = process.platform === "win32";

/** @type {Set<{ pid: number, ended: Promise<void> }>} */
const running = new Set();

/**
 * Starts a process in a group of its own: a Ctrl-C in the terminal then reaches this script only, which ends the others in
 * the order that leaves nothing behind.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 */
export function startProcess(command, args, options) {
  const child = spawn(command, args, { ...options, detached: !windows });
  if (child.pid !== undefined) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const entry = { pid: child.pid, ended: ended.then(() => {}) };
    running.add(entry);
    entry.ended.then(() => running.delete(entry));
  }
  return child;
}

/** Ends what is still running, the latest first; what does not listen is killed with all its descendants. */
export async function stopAll() {
  for (const { pid, ended } of [...running].reverse()) {
    const family = await descendants(pid);
    signal(pid, "SIGINT");
    const patience = setTimeout(() => kill([pid, ...family]), GRACE_MS);
    await ended;
    clearTimeout(patience);
    // Pulumi's plugins have groups of their own and may outlive the engine that started them.
    kill(family);
  }
}

/** @param {number} root */
async function descendants(root) {
  if (windows) return [];
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  /** @type {number[]} */
  const found = [];
  for (let parents = [root]; parents.length > 0; ) {
    const children = rows.filter(([, parent]) => parents.includes(parent)).map(([pid]) => pid);
    found.push(...children);
    parents = children;
  }
  return found;
}

/** @param {readonly number[]} pids */
function kill(pids) {
  for (const pid of pids) signal(pid, "SIGKILL");
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}
