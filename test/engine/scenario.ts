import type { EmulatorOptions } from "nylas-emulator";
import { afterAll, describe, it } from "vitest";
import { type Answers, rowsOf } from "../support/open-questions.js";
import { REPEATS } from "../support/repetitions.js";
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
  /** Other than an emulator with three mailboxes and Nylas's usual answers. A behaviour that is set here stays so. */
  emulator?: EmulatorOptions;
  /** What must be true of the secrets and of the grants at the end of every scenario is checked afterwards. */
  run(world: World): Promise<void>;
}

/**
 * Each scenario as one test: with the emulator's default answers and, under `npm run test:all`, again with the others that
 * Nylas may give to the open questions that the scenario asked on its way. A question that was not asked cannot change what
 * happens.
 */
export function runScenarios(subject: string, scenarios: readonly Scenario[]): void {
  const played = { scenarios: 0, again: 0, cells: 0 };

  describe(subject, () => {
    for (const [turn, scenario] of scenarios.entries()) {
      it(scenario.name, async () => {
        const pinned = Object.keys(scenario.emulator?.behaviour ?? {});
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

/** Answers the open questions whose answers mattered. */
async function play({ emulator, run }: Scenario, answers: Answers): Promise<string[]> {
  const world = await World.open({ ...emulator, behaviour: { ...answers, ...emulator?.behaviour } });
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
    const given = Object.entries(answers).map(([name, value]) => `--behaviour ${name}=${value}`);
    throw new Error(`where Nylas answers otherwise: ${given.join(" ")}`, { cause: error });
  }
}
