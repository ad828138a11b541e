import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NylasError, type NylasErrorCode } from "../../provider/src/errors.js";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
const sections = [...page.matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code as NylasErrorCode);

it("docs/troubleshooting.md has a section for each error code", () => {
  const source = readFileSync(join(root, "provider/src/errors.ts"), "utf8");
  const [, union = ""] = /export type NylasErrorCode =([^;]+);/.exec(source) ?? [];
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  expect(sections.toSorted()).toEqual(codes.toSorted());
});

it.each(sections)(
  "an error of %s ends with a link to its section, in the repository that package.json names",
  (code) => {
    const { homepage } = JSON.parse(readFileSync(join(root, "provider/package.json"), "utf8"));
    const repository = homepage.replace("#readme", "");
    const { message } = new NylasError({ code, operation: "Trying", answer: "it failed", remedy: "try again" });
    expect(message.split("\n").at(-1)).toBe(`  more:       ${repository}/blob/main/docs/troubleshooting.md#${code}`);
  },
);
