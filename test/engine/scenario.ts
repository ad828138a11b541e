import type { EmulatorOptions } from "nylas-emulator";
import { afterAll, describe, it } from "vitest";
import { type Answers, rowsOf } from "../../tools/harness/open-questions.js";
import { REPEATS } from "../../tools/harness/repetitions.js";
import { World } from "./world.js";

/** Numbers of the rules in docs/what-happens.md. */
export const RULES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] as const;
export type Rule = (typeof RULES)[number];

/** One or more programs with their faults, and the expected result. */
export interface Scenario {
  /** Completes "What happens when …". */
  name: string;
  /** The answer, as a sentence without its full stop. */
  outcome: string;
  /** Which of the contract's rules it holds. */
  rules: readonly [Rule, ...Rule[]];
  /** Emulator options other than the default of three mailboxes. Repetitions do not change a behavior that is set here. */
  emulator?: EmulatorOptions;
  /** `World.check` runs afterwards. */
  run(world: World): Promise<void>;
}

/**
 * Runs each scenario as one test. `npm run test:all` repeats it with the other answers that Nylas may give. It repeats only for
 * those open questions that the scenario's requests depended on.
 */
export function runScenarios(subject: string, scenarios: readonly Scenario[]): void {
  const played = { scenarios: 0, again: 0, cells: 0 };

  describe(subject, () => {
    for (const [turn, scenario] of scenarios.entries()) {
      it(scenario.name, async () => {
        const pinned = Object.keys(scenario.emulator?.behavior ?? {});
        const asked = await play(scenario, {});
        played.scenarios += 1;
        if (!REPEATS) return;
        for (const answers of rowsOf(
          asked.filter((name) => !pinned.includes(name)),
          turn,
        )) {
          await playAgain(scenario, answers);
          played.again += 1;
          played.cells += Object.keys(answers).length;
        }
      });
    }

    afterAll(() => {
      const { again, cells } = played;
      console.log(`matrix: ${subject}: ${played.scenarios} scenarios, ${again} times again, ${cells} other answers`);
    });
  });
}

/** Returns the open questions that the scenario's requests depended on. */
async function play({ emulator, run }: Scenario, answers: Answers): Promise<string[]> {
  const world = await World.open({ ...emulator, behavior: { ...answers, ...emulator?.behavior } });
  try {
    await run(world);
    await world.check();
    return await world.emulator.questionsAsked();
  } finally {
    await world.close();
  }
}

async function playAgain(scenario: Scenario, answers: Answers): Promise<void> {
  try {
    await play(scenario, answers);
  } catch (error) {
    const given = Object.entries(answers).map(([name, value]) => `--behavior ${name}=${value}`);
    throw new Error(`where Nylas answers otherwise: ${given.join(" ")}`, { cause: error });
  }
}
