import { fstatSync } from "node:fs";
import { finishNotices, removeReturnedNotes } from "../core/session.js";

/** How often a process whose engine has died looks whether its work is done, in milliseconds. */
const QUIET_CHECK_MS = 500;
/** Standard output and standard error. */
const OWN_PIPES = 2;

/** Prepares a process that the engine has started. It ends with the engine, even if that is killed. */
export function preparePluginProcess(): void {
  // After the engine dies, writes to its pipes fail with EPIPE. Without these listeners the error is uncaught, Pulumi's host
  // tries to print it, fails again, and loops; the requests under way starve.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // The engine ends its plugins with SIGINT after it has saved the state; a killed engine sends nothing. A terminal's Ctrl-C
  // does not reach this process, because plugins have a process group of their own.
  process.once("SIGINT", () => {
    finishNotices();
    removeReturnedNotes();
    process.kill(process.pid, "SIGINT");
  });
  endAfterEngine();
}

/** The engine holds the other end of standard input as long as it lives. What it has asked for is finished before this process ends. */
function endAfterEngine(): void {
  // Started by hand, the process may have an input that ends at once.
  const input = fstatSync(process.stdin.fd);
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.on("error", () => {});
  process.stdin.once("close", () => {
    setInterval(() => {
      if (isQuiet()) process.exit();
    }, QUIET_CHECK_MS).unref();
  });
  process.stdin.resume();
}

/** Whether the process only listens. Work of other packages' dynamic resources, which it serves too, holds a socket, timer or file. */
function isQuiet(): boolean {
  const waiting = process.getActiveResourcesInfo().filter((kind) => kind !== "TCPServerWrap");
  return waiting.length <= OWN_PIPES && waiting.every((kind) => kind === "PipeWrap");
}
