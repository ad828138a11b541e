import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { ProgramAnswer, ProgramRequest } from "./program-host.js";

const HOST = join(import.meta.dirname, "program-host.ts");

let host: ChildProcess | undefined;
let requests = 0;
const waiting = new Map<number, (port: number) => void>();

/** The port at which the engine finds the program; its process is started once for each test file. */
export function portOfProgram(file: string): Promise<number> {
  host ??= startHost();
  requests += 1;
  const request: ProgramRequest = { id: requests, file };
  host.send(request);
  return new Promise((resolve) => waiting.set(request.id, resolve));
}

function startHost(): ChildProcess {
  const child = fork(HOST, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  child.on("message", ({ id, port }: ProgramAnswer) => {
    waiting.get(id)?.(port);
    waiting.delete(id);
  });
  // It ends with this process, which must not wait for it.
  child.unref();
  child.channel?.unref();
  return child;
}
