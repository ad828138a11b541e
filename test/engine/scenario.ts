import type { EmulatorOptions } from "nylas-emulator";
import { afterAll, describe, it } from "vitest";
import { type Answers, rowsOf } from "../../tools/harness/open-questions.js";
import { REPEATS } from "../../tools/harness/repetitions.js";
import { HOSTS, type HostName } from "../support/programs.js";
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
  /** The only host that it applies to, and why. The default is each. */
  only?: { host: HostName; because: string };
  /** Emulator options other than the default of three mailboxes. Repetitions do not change a behavior that is set here. */
  emulator?: EmulatorOptions;
  /** `World.check` runs afterwards. */
  run(world: World): Promise<void>;
}

/** For rows with a component of the TypeScript package. */
export const OF_TYPESCRIPT = {
  host: "dynamic",
  because: "`MailEnvironment` is a component of the TypeScript package",
} as const;

/** For rows about what a TypeScript program is told before the provider is asked. */
export const BY_THE_PROGRAM = { host: "dynamic", because: "the TypeScript package finds it in the program" } as const;

/** The hosts that a scenario applies to. */
function hostsOf({ only }: Scenario): readonly HostName[] {
  return only === undefined ? HOSTS : [only.host];
}

/**
 * Runs each scenario as one test on the first of its hosts. `npm run test:all` also runs it on the other one, and repeats it with other
 * answers that Nylas may give to those open questions that its requests depended on: each scenario at least once, and with all
 * scenarios of a file each other answer.
 */
export function runScenarios(subject: string, scenarios: readonly Scenario[]): void {
  const played = { scenarios: 0, again: 0 };
  /** The other answers that a scenario of this file was played with. */
  const given = new Set<string>();

  for (const host of HOSTS) {
    const rows = scenarios.filter((scenario) => hostsOf(scenario).includes(host));
    const firsts = rows.filter((scenario) => hostsOf(scenario)[0] === host);
    const plays = REPEATS ? rows : firsts;
    // A suite without a test is an error.
    if (plays.length === 0) continue;
    describe(`${subject}, ${host} host`, () => {
      for (const [turn, scenario] of plays.entries()) {
        it(scenario.name, async () => {
          const pinned = Object.keys(scenario.emulator?.behavior ?? {});
          const asked = await play(scenario, host, {});
          played.scenarios += 1;
          if (!REPEATS || !firsts.includes(scenario)) return;
          const repetitions = rowsOf(
            asked.filter((name) => !pinned.includes(name)),
            turn,
          );
          for (const [index, answers] of repetitions.entries()) {
            const cells = Object.entries(answers).map((cell) => cell.join("="));
            if (index !== turn % repetitions.length && cells.every((cell) => given.has(cell))) continue;
            await playAgain(scenario, host, answers);
            for (const cell of cells) given.add(cell);
            played.again += 1;
          }
        });
      }
    });
  }

  afterAll(() => {
    const { scenarios, again } = played;
    console.log(`matrix: ${subject}: ${scenarios} plays, ${again} times again, ${given.size} other answers`);
  });
}

/** Returns the open questions that the scenario's requests depended on. */
async function play({ emulator, run }: Scenario, host: HostName, answers: Answers): Promise<string[]> {
  const world = await World.open({ ...emulator, behavior: { ...answers, ...emulator?.behavior } }, host);
  try {
    await run(world);
    await world.check();
    return await world.emulator.questionsAsked();
  } finally {
    await world.close();
  }
}

async function playAgain(scenario: Scenario, host: HostName, answers: Answers): Promise<void> {
  try {
    await play(scenario, host, answers);
  } catch (error) {
    const given = Object.entries(answers).map(([name, value]) => `--behavior ${name}=${value}`);
    throw new Error(`where Nylas answers otherwise: ${given.join(" ")}`, { cause: error });
  }
}
