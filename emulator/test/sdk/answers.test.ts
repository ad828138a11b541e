import { expect, it } from "vitest";
import { SINGLE_ALTERNATIVES } from "../../../tools/harness/open-questions.js";
import { REPEATS } from "../../../tools/harness/repetitions.js";
import { SETTINGS } from "./answers.js";

it.runIf(REPEATS)("the walks of the SDKs meet every alternative answer", () => {
  for (const { name, value } of SINGLE_ALTERNATIVES) {
    expect(SETTINGS.filter(({ chosen }) => Reflect.get(chosen, name) === value)).not.toEqual([]);
  }
});
