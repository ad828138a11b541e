import { readFileSync } from "node:fs";
import { descendants } from "../tools/harness/processes.mjs";

/** How often the kernel's figure is read. It is a maximum, so only the growth after the last reading is missed. */
const INTERVAL_MS = 200;
/** The process of dynamic providers or of the plugin, and not the shell and Node processes that look for its script. */
const PROVIDER = /^\S*node\S* .*(cmd\/dynamic-provider\/index\.js|pulumi-resource-nylas\.cjs)/;

export interface PeakMemory {
  peak(): { peakMemoryBytes?: number };
  stop(): void;
}

/** Watches the provider's process below an engine's. */
export function watchPeakMemory(engine: number | undefined): PeakMemory {
  let peak = 0;
  let provider: number | undefined;
  const timer = setInterval(() => {
    if (engine === undefined) return;
    // The search reads every process of the machine, so once it has found the provider it is not repeated.
    provider ??= descendants(engine).find(({ command }) => PROVIDER.test(command))?.pid;
    const now = provider === undefined ? 0 : residentPeak(provider);
    if (now === 0) provider = undefined;
    peak = Math.max(peak, now);
  }, INTERVAL_MS);
  return {
    peak: () => (peak === 0 ? {} : { peakMemoryBytes: peak }),
    stop: () => clearInterval(timer),
  };
}

/** 0 where there is no /proc, or the process has exited. */
function residentPeak(pid: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
