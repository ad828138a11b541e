import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { ProgramAnswer, ProgramRequest } from "./program-host.js";

const HOST = join(import.meta.dirname, "program-host.ts");
const LATE_MODULES = join(import.meta.dirname, "late-modules.cjs");

let host: ChildProcess | undefined;
let requests = 0;
const waiting = new Map<number, (port: number) => void>();

/** Returns the port of the program's server. One process serves all programs of a test file. */
export function portOfProgram(file: string): Promise<number> {
  host ??= startHost();
  requests += 1;
  const request: ProgramRequest = { id: requests, file };
  host.send(request);
  return new Promise((resolve) => waiting.set(request.id, resolve));
}

function startHost(): ChildProcess {
  const child = fork(HOST, {
    execArgv: [...process.execArgv, "--require", LATE_MODULES],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.on("message", ({ id, port }: ProgramAnswer) => {
    waiting.get(id)?.(port);
    waiting.delete(id);
  });
  // It ends with this process; do not keep this process alive for it.
  child.unref();
  child.channel?.unref();
  return child;
}
