import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPEATS } from "../../../tools/harness/repetitions.js";
import { nonEmpty } from "../support/non-empty.js";
import { type Answer, type Expected, fits, inWords, messageOf, typeOf, whatCame } from "./answer.js";
import { ASKED_FOR, CATALOGUE, isRefusedAs, type Refused } from "./catalogue.js";
import { EmulatorPlace } from "./emulator-place.js";
import type { Expectation } from "./expectation.js";
import { OTHER_ANSWERS, REGISTER } from "./register.js";

/** Behaviors that would break the preparation of other expectations. */
const ALONE: readonly string[] = ["rateLimitPerSecond", "deniedPermissions", "newGrantLagSeconds"];

/** The distinct refusals that occurred. */
const refusals = new Map<string, Refused>();
let plays = 0;

describe("the emulator as it is", () => {
  const place = started({});

  it.each(REGISTER)("$endpoint, $situation", (expectation) => hold(place(), expectation, expectation.answer));
});

describe("the emulator with another answer", () => {
  it.concurrent.each(OTHER_ANSWERS)("$name=$value, and everything else as usual", async ({ name, value }) => {
    const place = await EmulatorPlace.start({ [name]: value }, note);
    try {
      for (const expectation of REGISTER) {
        const other = expectation.instead?.[name]?.[value];
        // Repeat expectations that do not depend on the answer only under `npm run test:all`.
        if (other === undefined && (ALONE.includes(name) || !REPEATS)) continue;
        await hold(place, expectation, other ?? expectation.answer);
      }
    } finally {
      await place.close();
    }
  });
});

describe("the register", () => {
  it.each(nonEmpty(CATALOGUE))("brings about the refusal $name: $status $type", (variant) => {
    expect([...refusals.values()].some((refused) => isRefusedAs(variant, refused))).toBe(true);
  });

  it.each(nonEmpty(ASKED_FOR))("has the error type of a $status that a test asks for, $type", ({ type }) => {
    expect([...refusals.values()].map((refused) => refused.type)).toContain(type);
  });

  it("meets no refusal that is not in the emulator's catalogue", () => {
    const known = [...CATALOGUE, ...ASKED_FOR];
    expect([...refusals.values()].filter((refused) => !known.some((variant) => isRefusedAs(variant, refused)))).toEqual(
      [],
    );
  });

  it("was played", () => {
    console.log(`expectations: ${REGISTER.length}, also under ${OTHER_ANSWERS.length} other answers: ${plays} plays`);
    const times = REPEATS ? OTHER_ANSWERS.length - ALONE.length + 1 : 1;
    expect(plays).toBeGreaterThanOrEqual(REGISTER.length * times);
  });
});

function started(behavior: Readonly<Record<string, string>>): () => EmulatorPlace {
  let place: EmulatorPlace | undefined;
  beforeAll(async () => {
    place = await EmulatorPlace.start(behavior, note);
  });
  afterAll(() => place?.close());
  return () => {
    if (place === undefined) throw new Error("the emulator has not started");
    return place;
  };
}

async function hold(place: EmulatorPlace, expectation: Expectation, expected: Expected): Promise<void> {
  plays += 1;
  const { endpoint, situation } = expectation;
  for (const answer of await place.play(expectation)) {
    if (fits(expected, answer, place)) continue;
    throw new Error(
      `${endpoint}, ${situation}: ${inWords(expected)} was expected, and ${whatCame(answer, expected)} came`,
    );
  }
}

function note(answer: Answer): void {
  const type = typeOf(answer);
  const message = messageOf(answer);
  if (type === undefined || message === undefined) return;
  const refused = { status: answer.status, type, message };
  refusals.set(JSON.stringify(refused), refused);
}
