import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Ended, emulatorCli, type Ready, watchCli } from "./emulator.mjs";

export type { Ready };

/** Validates the process's answers against Nylas's contract. */
const preload = pathToFileURL(join(import.meta.dirname, "../../test/conformance/contract/preload.ts")).href;

/** The emulator's command line as a process of its own. */
export type CliProcess = ReturnType<typeof watchCli>;

export function startCli(...args: string[]): CliProcess {
  const command = ["--import", preload, emulatorCli, ...args];
  return watchCli(spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] }));
}

/** Asks it to stop, as `kill` and Docker do. */
export function stopCli({ child, ended }: CliProcess): Promise<Ended> {
  child.kill("SIGTERM");
  return ended;
}
