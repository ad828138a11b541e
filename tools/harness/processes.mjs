import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { codeOf } from "./errors.mjs";

/** How long a process may take to exit after SIGINT before it is killed, in milliseconds. */
const GRACE_MS = 15_000;
/** Between two looks at the descendants of a process that is being stopped, in milliseconds. */
const LOOK_AGAIN_MS = 100;
/** Between two looks at the parent, in milliseconds. */
const PARENT_LOOK_MS = 500;

export const isWindows = process.platform === "win32";

/** @typedef {{ pid: number, parent: number, command: string }} RunningProcess */
/** @typedef {import("node:stream").Readable} Readable */
/** @typedef {import("node:child_process").ChildProcessByStdio<null, Readable, Readable>} StartedProcess */

/** @type {Set<{ pid: number, ended: Promise<unknown> }>} */
const running = new Set();
let stopping = false;

/**
 * Starts a process in a process group of its own, with its output in pipes. Ctrl-C in the terminal then reaches only
 * the caller, which stops its processes in the right order with `stopAll`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string | undefined, env?: NodeJS.ProcessEnv | undefined }} [options]
 * @returns {StartedProcess}
 */
export function startProcess(command, args, { cwd, env } = {}) {
  if (stopping) throw new Error(`${command} is not started: everything is being stopped.`);
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: !isWindows });
  if (child.pid !== undefined) {
    const entry = { pid: child.pid, ended: new Promise((resolve) => child.once("exit", resolve)) };
    running.add(entry);
    entry.ended.then(() => running.delete(entry));
  }
  return child;
}

/**
 * Stops everything that `startProcess` started and that still runs, the latest first, with all descendants. From then on
 * nothing can be started.
 */
export async function stopAll() {
  stopping = true;
  for (const { pid, ended } of [...running].reverse()) {
    /** @type {Set<number>} */
    const family = new Set();
    const look = () => {
      if (!isWindows) for (const child of descendants(pid)) family.add(child.pid);
    };
    look();
    signalProcess(pid, "SIGINT");
    // An engine that is interrupted while it starts may start a plugin before it ends.
    const lookTimer = setInterval(look, LOOK_AGAIN_MS);
    const killTimer = setTimeout(() => {
      look();
      for (const member of [pid, ...family]) endProcess(member);
    }, GRACE_MS);
    await ended;
    clearInterval(lookTimer);
    clearTimeout(killTimer);
    // Pulumi's plugins have process groups of their own and may outlive the engine that started them.
    for (const member of family) endProcess(member);
  }
}

/**
 * Sends this process SIGTERM when its parent has ended. npm cannot pass on the signal that kills it, and passes on no
 * SIGHUP.
 */
export function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, PARENT_LOOK_MS);
  timer.unref();
}

/**
 * Sends a signal; a process that has exited is no error.
 * @param {number} pid negative for a process group
 * @param {NodeJS.Signals} signal
 */
export function signalProcess(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/**
 * Kills a process at once, if it still runs.
 * @param {number} pid
 */
export function endProcess(pid) {
  signalProcess(pid, "SIGKILL");
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/**
 * The processes that a process has started, those that they have started, and so on: children before grandchildren.
 * @param {number} pid
 */
export function descendants(pid) {
  const all = existsSync("/proc/self/stat") ? fromProc() : fromPs();
  /** @type {RunningProcess[]} */
  const found = [];
  let parents = [pid];
  while (parents.length > 0) {
    const children = all.filter(({ parent }) => parents.includes(parent));
    found.push(...children);
    parents = children.map((child) => child.pid);
  }
  return found;
}

/**
 * Slim container images have no `ps`.
 * @returns {RunningProcess[]}
 */
function fromProc() {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The second field is the command name in parentheses, which may itself contain parentheses and spaces.
      const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      // The process has exited since /proc was listed.
      return [];
    }
  });
}

/** @returns {RunningProcess[]} */
function fromPs() {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, parent, command] = line.match(/^\s*(\d+)\s+(\d+)\s+(.*)$/) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
