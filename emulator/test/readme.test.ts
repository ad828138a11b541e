import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { codeBlocks } from "../../tools/harness/code-blocks.js";
import { present } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";

const root = join(import.meta.dirname, "../..");
const vitest = join(root, "node_modules/vitest/vitest.mjs");

interface Workflow {
  jobs: { test: { steps: { name?: string; run?: string }[] } };
}

const readme = readFileSync(join(root, "emulator/README.md"), "utf8");
const running = readFileSync(join(root, "emulator/docs/running.md"), "utf8");

it("the README's example for vitest passes", async () => {
  // In this repository, so that it finds its packages.
  const directory = makeWorkDirectory("readme");
  try {
    writeFileSync(join(directory, "vitest.config.js"), "export default {};");
    writeFileSync(join(directory, "grants.test.ts"), present(codeBlocks(readme, "ts")[0]));
    const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--root", directory]);
    expect(stdout).toContain("1 passed");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it("the workflow of docs/running.md starts the emulator with options that it has", async () => {
  const { jobs }: Workflow = parse(present(codeBlocks(running, "yaml")[0]));
  const { run = "" } = jobs.test.steps.find(({ name }) => name === "Start the emulator") ?? {};
  const { stdout: help } = await promisify(execFile)(process.execPath, [join(root, "emulator/dist/cli.js"), "--help"]);
  const options = [...run.matchAll(/ (--[a-z-]+)/g)].map(([, option = ""]) => option);
  expect(options.filter((option) => !help.includes(option))).toEqual([]);
  expect(options).toHaveLength(3);
});
