import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { counts, nylasAnswers } from "./table.js";

const file = join(import.meta.dirname, "../../docs/nylas-answers.md");
const readme = join(import.meta.dirname, "../../../README.md");

it("emulator/docs/nylas-answers.md is what the register says", () => {
  if (process.env.UPDATE_DOCS !== undefined) writeFileSync(file, nylasAnswers());
  const how = "regenerate it with: UPDATE_DOCS=1 npx vitest run emulator/test/register/table.test.ts";
  expect(readFileSync(file, "utf8"), how).toBe(nylasAnswers());
});

it("the README's status quotes how many answers are documented and how many assumed", () => {
  const { all, documented, assumed } = counts();
  expect(readFileSync(readme, "utf8").replaceAll("\n", " ")).toContain(
    `of its ${all} answers, [${documented} are documented and ${assumed} assumed](emulator/docs/nylas-answers.md#in-numbers)`,
  );
});
