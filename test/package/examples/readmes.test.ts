import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "../../../tools/harness/code-blocks.js";
import { present } from "../../../tools/harness/test-emulator.js";
import { cloneWith, SNAPSHOT, snapshots } from "../../support/clone.js";

const EXAMPLES = join(import.meta.dirname, "../../../examples");

function read(example: string, file: string): string {
  return readFileSync(join(EXAMPLES, example, file), "utf8");
}

describe.each(["quickstart", "environments"])("the README of examples/%s", (example) => {
  const readme = read(example, "README.md");
  const [start, cleanUp, end, atNylas] = codeBlocks(readme, "sh");

  it("runs at the emulator from a clone, and cleans up", async ({ onTestFinished }) => {
    const clone = cloneWith(example);
    onTestFinished(() => clone.remove());
    const before = clone.files(`examples/${example}`);
    const [up, destroyed] = snapshots(await clone.bash([start, SNAPSHOT, cleanUp, SNAPSHOT, end].join("\n")));
    const grants = present(up).grants;
    expect(grants.map(({ email }) => email).toSorted()).toEqual(["billing@example.test", "ops@example.test"]);
    for (const { id } of grants) expect(up?.output).toContain(id);
    expect(up?.connectors).toHaveLength(1);
    expect(destroyed).toMatchObject({ grants: [], connectors: [] });
    expect(clone.files(`examples/${example}`)).toEqual(before);
    expect(clone.stacks()).toEqual([]);
  });

  it("has commands for Nylas that a shell can read", async () => {
    expect(atNylas).toContain("pulumi config set --secret nylas:apiKey");
    await promisify(execFile)("bash", ["-n", "-c", present(atNylas)]);
  });

  it("names every key that the program reads", () => {
    const keys = [...read(example, "index.ts").matchAll(/config\.\w+(?:<.*?>)?\(\s*"(\w+)"/g)].map(([, key]) => key);
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(readme).toMatch(new RegExp(`^\\|.*\`${key}[\`.]`, "m"));
  });
});
