import { readFileSync } from "node:fs";
import { descendants } from "../scripts/kit/processes.mjs";

/** How often the kernel's figure is read. It is a maximum, so only the growth after the last reading is missed. */
const INTERVAL_MS = 200;
/** The process of dynamic providers, and not the shell and Node processes that look for its script. */
const PROVIDER = /^\S*node\S* .*cmd\/dynamic-provider\/index\.js/;

export interface PeakMemory {
  peak(): { peakMemoryBytes?: number };
  stop(): void;
}

/** Watches the provider's process below an engine's. */
export function watchPeakMemory(engine: number | undefined): PeakMemory {
  let peak = 0;
  const timer = setInterval(() => {
    if (engine === undefined) return;
    for (const { pid, command } of descendants(engine)) {
      if (PROVIDER.test(command)) peak = Math.max(peak, residentPeak(pid));
    }
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
