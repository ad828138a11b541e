import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const WORKFLOWS = globSync("{.,examples/*}/.github/workflows/*.yml", { cwd: ROOT });
/** A tag can be moved to other code; a commit cannot. The comment is for people and for Renovate. */
const PINNED = /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

it.each(WORKFLOWS)("%s names each action by its commit, and calls scripts that exist", (file) => {
  const text = readFileSync(join(ROOT, file), "utf8");
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const actions = [...text.matchAll(/uses: (.*)/g)].map(([, action = ""]) => action);
  const called = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = ""]) => script);
  expect(actions).not.toEqual([]);
  expect(actions.filter((action) => !PINNED.test(action))).toEqual([]);
  expect(called.filter((script) => !(script in scripts))).toEqual([]);
});
