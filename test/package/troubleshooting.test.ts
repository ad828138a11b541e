import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

it("docs/troubleshooting.md has a section for each error code", () => {
  const source = readFileSync(join(root, "provider/src/errors.ts"), "utf8");
  const [, union = ""] = /export type NylasErrorCode =([^;]+);/.exec(source) ?? [];
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
  expect([...page.matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code).toSorted()).toEqual(codes.toSorted());
});
