import type { EmulatorOptions } from "nylas-emulator";
import { describe, it } from "vitest";
import { World } from "./world.js";

/** The contract's rules that hold always, by their number. */
export const RULES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
export type Rule = (typeof RULES)[number];

/** A program or a sequence of them with their faults, and what is true at the end. */
export interface Scenario {
  /** Completes "What happens when …". */
  name: string;
  /** The answer, as a sentence without its full stop. */
  outcome: string;
  /** Which of the contract's rules it holds. */
  rules: readonly [Rule, ...Rule[]];
  /** Other than an emulator with three mailboxes and Nylas's usual answers. */
  emulator?: EmulatorOptions;
  /** What must be true of the secrets and of the grants at the end of every scenario is checked afterwards. */
  run(world: World): Promise<void>;
}

/** Each scenario as one test, in a world of its own. */
export function runScenarios(subject: string, scenarios: readonly Scenario[]): void {
  describe(subject, () => {
    for (const { name, emulator, run } of scenarios) {
      it(name, async () => {
        const world = await World.open(emulator);
        try {
          await run(world);
          await world.check();
        } finally {
          await world.close();
        }
      });
    }
  });
}
