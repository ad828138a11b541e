import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../../tools/harness/until.js";
import { listens } from "./contained.js";

const START_MS = 60_000;

/** A mail server that needs no more than a directory of its own. */
export interface OwnProcess {
  directory: string;
  log(): string;
  stop(): Promise<void>;
}

/** `files` gives the content of each file for the directory; the server starts in it. `end` is the signal that ends it. */
export async function startProcess(
  name: string,
  files: (directory: string) => Readonly<Record<string, string>>,
  command: (directory: string) => readonly [string, ...string[]],
  ports: readonly number[],
  end: NodeJS.Signals = "SIGTERM",
): Promise<OwnProcess> {
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  for (const [file, content] of Object.entries(files(directory))) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), content, { mode: 0o600 });
  }
  const [program, ...args] = command(directory);
  const server: ChildProcess = spawn(program, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (chunk) => (printed += chunk));
  const ended = once(server, "close");
  const stop = async () => {
    server.kill(end);
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (const port of ports) {
      await until(`${name} listens at ${port}`, START_MS, () => {
        if (server.exitCode !== null) throw new Error("it has ended");
        return listens(port);
      });
    }
  } catch (error) {
    await stop();
    throw new Error(`${name} does not start:\n${printed}`, { cause: error });
  }
  return { directory, log: () => printed, stop };
}
