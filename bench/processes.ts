import { readFileSync } from "node:fs";
import { descendants } from "../tools/harness/processes.mjs";

/** How often the kernel's figures are read. They only grow, so only what comes after the last reading is missed. */
const INTERVAL_MS = 200;
/** Of the kernel's figures of processor time. */
const TICKS_PER_SECOND = 100;
/** Places in /proc/PID/stat, behind the command's name. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The processes below an engine that do its work, and not the shells and Node processes that look for scripts. */
const BELOW_ENGINE = {
  program: /^\S*node\S* .*cmd\/run\/index\.js/,
  /** Of dynamic resources, or the plugin. */
  provider: /^\S*node\S* .*(cmd\/dynamic-provider\/index\.js|pulumi-resource-nylas\.cjs)/,
} as const;
export type Part = "engine" | keyof typeof BELOW_ENGINE;

/** What the processes of a part took. */
export interface Use {
  peakMemoryBytes: number;
  cpuSeconds: number;
}

export interface ProcessWatch {
  /** Undefined if the part did not run, or where there is no /proc. */
  use(part: Part): Use | undefined;
  stop(): void;
}

/** Watches an engine, its program and its provider. */
export function watchProcesses(engine: number | undefined): ProcessWatch {
  const uses: Record<Part, Map<number, Use>> = { engine: new Map(), program: new Map(), provider: new Map() };
  const running = new Map<Part, number>();
  const timer = setInterval(() => {
    if (engine === undefined) return;
    running.set("engine", engine);
    for (const part of ["program", "provider"] as const) {
      // The search reads every process of the machine, so it is not repeated for what it has found.
      const found = running.get(part) ?? search(engine, BELOW_ENGINE[part]);
      if (found !== undefined) running.set(part, found);
    }
    for (const [part, pid] of running) {
      const now = useOf(pid);
      if (now === undefined) running.delete(part);
      else uses[part].set(pid, now);
    }
  }, INTERVAL_MS);
  return { use: (part) => together([...uses[part].values()]), stop: () => clearInterval(timer) };
}

function search(engine: number, pattern: RegExp): number | undefined {
  return descendants(engine).find(({ command }) => pattern.test(command))?.pid;
}

/** Of processes one after the other. */
function together(uses: readonly Use[]): Use | undefined {
  if (uses.length === 0) return undefined;
  return {
    peakMemoryBytes: Math.max(...uses.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    cpuSeconds: uses.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

/** Undefined where there is no /proc, or the process has exited. */
function useOf(pid: number): Use | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
    return kilobytes === undefined
      ? undefined
      : { peakMemoryBytes: Number(kilobytes) * 1024, cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}
