import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { messageOf } from "../../tools/harness/errors.mjs";
import { isInterrupted, onInterruption, untilEnd } from "../../tools/harness/interruption.mjs";
import { isWindows, signalProcess } from "../../tools/harness/processes.mjs";

const KILL_GRACE_MS = 5_000;
const OUTPUT_TAIL_LINES = 40;

class CommandError extends Error {
  /**
   * @param {string} message
   * @param {string} lastLine what the command printed last
   */
  constructor(message, lastLine) {
    super(message);
    this.lastLine = lastLine;
  }
}

/** @type {Set<() => Promise<void>>} */
const stops = new Set();
let groups = 0;
/**
 * Of the steps that go on side by side.
 * @type {{ error: unknown } | undefined}
 */
let firstFailure;

/**
 * Waits for steps that go on side by side. When one fails, the commands of all are stopped, and they start no further ones.
 * @template {readonly Promise<unknown>[] | []} Steps
 * @param {Steps} steps
 */
export async function sideBySide(steps) {
  groups += 1;
  try {
    return await Promise.all(steps);
  } catch (error) {
    firstFailure ??= { error };
    const first = firstFailure.error;
    await Promise.all([...stops].map((stop) => stop()));
    await Promise.allSettled(steps);
    throw first;
  } finally {
    groups -= 1;
    if (groups === 0) firstFailure = undefined;
  }
}

/**
 * Why a step failed, in one line.
 * @param {unknown} error
 */
export function shortReason(error) {
  return error instanceof CommandError ? error.lastLine : messageOf(error);
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalTree(child, signal) {
  if (child.pid === undefined) return;
  if (isWindows) {
    spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"], { stdio: "ignore" });
    return;
  }
  signalProcess(-child.pid, signal);
}

/**
 * Runs a command in a process group of its own, so that its child processes can be stopped with it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs: number, shell?: boolean, next: string,
 *   onLine?: (line: string) => void }} options `next`: what the user can do when the command fails
 * @returns {Promise<string>} standard output; `shortReason` gives one line of the error
 */
export async function run(command, args, options) {
  if (isInterrupted()) await untilEnd();
  if (firstFailure !== undefined) throw new Error("Another step has failed.");
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: !isWindows,
    shell: options.shell ?? false,
    windowsHide: true,
  });
  /** @type {string[]} */
  const tail = [];
  /** @type {string[]} */
  const output = [];
  for (const [stream, isOutput] of /** @type {const} */ ([
    [child.stdout, true],
    [child.stderr, false],
  ])) {
    createInterface({ input: stream }).on("line", (line) => {
      if (isOutput) output.push(line);
      tail.push(line);
      if (tail.length > OUTPUT_TAIL_LINES) tail.shift();
      options.onLine?.(line);
    });
  }

  /** @type {Promise<string | undefined>} */
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`);
    });
  });
  const stop = async () => {
    const kill = () => signalTree(child, "SIGKILL");
    signalTree(child, "SIGTERM");
    const killTimer = setTimeout(kill, KILL_GRACE_MS);
    await ended;
    clearTimeout(killTimer);
    // A child process that ignores SIGTERM may still run after the command has exited.
    kill();
  };
  const forget = onInterruption(stop);
  stops.add(stop);
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    void stop();
  }, options.timeoutMs);

  const failure = await ended;
  clearTimeout(limit);
  forget();
  stops.delete(stop);
  if (failure === undefined) return output.join("\n");
  const answer = timedOut ? `did not end within ${options.timeoutMs / 1000} s and was stopped` : failure;
  const printed = tail.length > 0 ? `; its last lines:\n    ${tail.join("\n    ")}\n  ` : " without output. ";
  const text = `"${[command, ...args].join(" ")}" in ${options.cwd} ${answer}${printed}${options.next}`;
  throw new CommandError(text, tail.at(-1)?.trim() ?? answer);
}
