import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { until } from "./until.js";

const ROOT = join(import.meta.dirname, "../..");
/** Processes that can be told apart by a variable of their environment. */
const MARK = "NPM_SCRIPT_MARK";
/** How long a condition may take on a busy machine, in milliseconds. */
const PATIENCE_MS = 240_000;
/** A killed process is gone when its parent has asked for its exit code. */
const GONE_WITHIN_MS = 10_000;
/** Of the `npm` around the test. The script's own npm sets others. */
const OF_OUTER_NPM = /^(npm_|INIT_CWD$)/;

export interface Marked {
  pid: number;
  command: string;
}

/** A script of package.json, in a process group of its own, as a terminal starts it. */
export interface NpmScript {
  /** Of npm. */
  pid: number;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Both streams. */
  printed(): string;
  /** Waits for it in what the script prints; fails when the script ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** What the script has started and what runs still, npm included, wherever in the tree and in whichever group. */
  processes(): Marked[];
  /** Waits until a process runs whose command line has this text. */
  runs(command: string): Promise<Marked>;
  /** Sends a signal to npm and to what is in its group: a terminal does so at Ctrl-C, and when it is closed. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Waits until no process is left. */
  leavesNoProcess(): Promise<void>;
}

export function startNpmScript(args: readonly string[]): NpmScript {
  const mark = randomUUID();
  const own = Object.entries(process.env).filter(([name]) => !OF_OUTER_NPM.test(name));
  const child = spawn("npm", ["run", ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(own), [MARK]: mark },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("npm does not start.");
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      printed += chunk;
    });
  }
  let hasEnded = false;
  const ended: NpmScript["ended"] = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      hasEnded = true;
      resolve({ code, signal });
    });
  });
  const processes = () => markedProcesses(`${MARK}=${mark}`);

  return {
    pid,
    ended,
    printed: () => printed,
    prints: async (pattern) => {
      await until(`${pattern} is printed`, PATIENCE_MS, () => {
        if (pattern.test(printed)) return true;
        if (hasEnded) throw new Error(`It ended without ${pattern}:\n${printed}`);
        return false;
      });
      const match = pattern.exec(printed);
      if (match === null) throw new Error(`${pattern} has state.`);
      return match;
    },
    processes,
    runs: async (command) => {
      let found: Marked | undefined;
      await until(`${command} runs`, PATIENCE_MS, () => {
        if (hasEnded) throw new Error(`It ended without ${command}:\n${printed}`);
        found = processes().find((one) => one.command.includes(command));
        return found !== undefined;
      });
      if (found === undefined) throw new Error(`${command} does not run.`);
      return found;
    },
    signalGroup: (signal) => void process.kill(-pid, signal),
    leavesNoProcess: () =>
      until(`no process is left of ${JSON.stringify(processes(), undefined, 1)}`, GONE_WITHIN_MS, () => {
        return processes().length === 0;
      }),
  };
}

/** Whether something listens at this address. */
export function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const answer = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

/** Waits until nothing listens there. A process that ends loses its environment, by which it is found, before its sockets. */
export function stopsListening(address: string): Promise<void> {
  return until(`nothing listens at ${address}`, GONE_WITHIN_MS, async () => !(await listens(address)));
}

function markedProcesses(variable: string): Marked[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(variable)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: Number(name), command }];
    } catch {
      // The process has exited since /proc was listed, or belongs to another user.
      return [];
    }
  });
}
