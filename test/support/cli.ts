import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const cli = join(import.meta.dirname, "../../emulator/dist/cli.js");
/** Has what the process answers checked against Nylas's contract. */
const preload = pathToFileURL(join(import.meta.dirname, "../conformance/contract/preload.ts")).href;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The emulator's command line as a process of its own. */
export interface CliProcess {
  child: ChildProcess;
  /** The first line of standard output; rejects when the process ends without one. */
  firstLine: Promise<string>;
  ended: Promise<Ended>;
}

export function startCli(...args: string[]): CliProcess {
  const child = spawn(process.execPath, ["--import", preload, cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      const end = stdout.indexOf("\n");
      if (end !== -1) resolve(stdout.slice(0, end));
    });
    ended.then(({ code }) => reject(new Error(`the emulator ended with ${code}: ${stderr}`)), reject);
  });
  // A process that is meant to fail prints no line, and nobody waits for one.
  firstLine.catch(() => undefined);
  return { child, firstLine, ended };
}

/** Asks it to stop, as `kill` and Docker do. */
export function stopCli({ child, ended }: CliProcess): Promise<Ended> {
  child.kill("SIGTERM");
  return ended;
}
