import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nylasAnswers } from "./table.js";

const file = join(import.meta.dirname, "../../docs/nylas-answers.md");

it("emulator/docs/nylas-answers.md is what the register says", () => {
  if (process.env.UPDATE_DOCS !== undefined) writeFileSync(file, nylasAnswers());
  const how = "regenerate it with: UPDATE_DOCS=1 npx vitest run emulator/test/register/table.test.ts";
  expect(readFileSync(file, "utf8"), how).toBe(nylasAnswers());
});
