import type { Notices } from "../notices.js";

/** Most resources whose changed secrets a run names; it counts the others. */
const MAX_NAMED = 10;

/** Tells which secret arguments differ: a plan of Pulumi's shows a change of the resource, but not of which secret. */
export interface SecretChanges {
  /** Tells it once for each object. */
  announce(id: string, sentence: string): void;
  /** Tells of how many objects it was not told. */
  finish(): void;
}

export function createSecretChanges({ notify }: Notices): SecretChanges {
  const told = new Set<string>();
  return {
    announce: (id, sentence) => {
      if (told.has(id)) return;
      told.add(id);
      if (told.size <= MAX_NAMED) notify(sentence);
    },
    finish: () => {
      const others = told.size - MAX_NAMED;
      if (others > 0) notify(`and secrets of ${others} more ${others === 1 ? "resource" : "resources"} differ`);
    },
  };
}
