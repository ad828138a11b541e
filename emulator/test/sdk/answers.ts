import { BEHAVIORS } from "nylas-emulator";
import { type Answers, allRows } from "../../../tools/harness/open-questions.js";
import { REPEATS } from "../../../tools/harness/repetitions.js";

/** One way in which Nylas may answer all open questions. */
export interface Setting {
  /** For the name of a test. */
  name: string;
  /** What differs from the emulator's defaults. */
  chosen: Answers;
  /** Every question with its answer. */
  answers: Readonly<Record<string, string>>;
}

const DEFAULTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(BEHAVIORS).map(([name, behavior]) => [
    name,
    behavior.kind === "choice" ? (behavior.values[0] ?? "") : String(behavior.initial),
  ]),
);

/** The defaults and, under `npm run test:all`, the fewest others in which each alternative is given once. */
export const SETTINGS: readonly Setting[] = [
  { name: "the answers that the emulator gives by default", chosen: {}, answers: DEFAULTS },
  ...(REPEATS ? allRows() : []).map((chosen, index) => ({
    name: `other answers (${index + 1})`,
    chosen,
    answers: { ...DEFAULTS, ...chosen },
  })),
];
