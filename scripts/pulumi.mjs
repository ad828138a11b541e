#!/usr/bin/env node
import { spawn } from "node:child_process";
import { messageOf } from "../tools/harness/errors.mjs";
import { listenForInterruption, stopListening } from "../tools/harness/interruption.mjs";
import { pulumiEnvironment, readSetup } from "./setup/environment.mjs";
import { executableIn } from "./setup/executables.mjs";
import { setUp } from "./setup/main.mjs";

/**
 * npm forwards a signal that this process has already received from the terminal or with its process group. The same signal
 * within this time, in milliseconds, is such a copy.
 */
const SAME_SIGNAL_MS = 500;
const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

async function engineCommand() {
  try {
    readSetup();
  } catch {
    listenForInterruption();
    await setUp();
    stopListening();
  }
  return executableIn(readSetup().engine.directory, "pulumi") ?? "pulumi";
}

/**
 * Starts Pulumi such that each signal reaches it exactly once: a second SIGINT stops Pulumi at once, and its state then
 * lacks the resources that were being created. With a terminal, Ctrl-C reaches Pulumi directly. Without one, Pulumi
 * runs in a process group of its own and this script forwards the signals.
 * @param {string} command
 */
function start(command) {
  const terminal = process.stdin.isTTY === true;
  const child = spawn(command, process.argv.slice(2), {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: pulumiEnvironment(),
    stdio: "inherit",
    detached: !terminal && process.platform !== "win32",
  });
  /** @type {Map<NodeJS.Signals, number>} */
  const last = new Map();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const now = performance.now();
      const repeated = now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
      last.set(signal, now);
      if (!repeated && !(terminal && signal === "SIGINT")) child.kill(signal);
    });
  }
  child.once("error", (error) => {
    process.stderr.write(`Starting ${command} failed: ${error.message}. Run npm run setup and try again.\n`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

try {
  start(await engineCommand());
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
