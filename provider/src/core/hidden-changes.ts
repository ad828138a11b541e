import type { Notices } from "../notices.js";

/** Most resources whose hidden changes a run names; it counts the others. */
const MAX_NAMED = 10;

/**
 * Tells what a plan of Pulumi's does not show of a change: which secret differs, and that a value which is not known yet may replace
 * the object.
 */
export interface HiddenChanges {
  /** Tells it once for each object. */
  announce(id: string, sentence: string): void;
  /** Tells of how many objects it was not told. */
  finish(): void;
}

export function createHiddenChanges({ notify }: Notices): HiddenChanges {
  const told = new Set<string>();
  return {
    announce: (id, sentence) => {
      if (told.has(id)) return;
      told.add(id);
      if (told.size <= MAX_NAMED) notify(sentence);
    },
    finish: () => {
      const others = told.size - MAX_NAMED;
      if (others > 0) notify(`and the same of ${others} more ${others === 1 ? "resource" : "resources"}`);
    },
  };
}
