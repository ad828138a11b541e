import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RULES } from "./scenario.js";
import { SUBJECTS, whatHappens } from "./table.js";

const file = join(import.meta.dirname, "../../docs/what-happens.md");
const scenarios = Object.values(SUBJECTS).flat();

describe("the scenario table", () => {
  it("has no scenario twice", () => {
    const names = scenarios.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(RULES)("has a scenario for rule %i", (rule) => {
    expect(scenarios.flatMap(({ rules }) => rules)).toContain(rule);
  });

  it("is what the README's table says, as far as that goes", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    const [, section = ""] = /## What happens when …\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const rows = section.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| when"));
    expect(rows).not.toEqual([]);
    const known = scenarios.map(({ name, outcome }) => `| ${name} | ${outcome} |`);
    expect(rows.filter((row) => !known.includes(row))).toEqual([]);
  });

  it("is what docs/what-happens.md says", () => {
    if (process.env.UPDATE_DOCS !== undefined) writeFileSync(file, whatHappens());
    const how = "regenerate it with: UPDATE_DOCS=1 npx vitest run test/engine/table.test.ts";
    expect(readFileSync(file, "utf8"), how).toBe(whatHappens());
  });
});
