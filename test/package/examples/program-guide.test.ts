import { execFile } from "node:child_process";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { codeBlocks } from "../../../tools/harness/code-blocks.js";
import { present } from "../../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/testing-your-program.md"), "utf8");

it("the page's program passes the page's test, without an engine and without a key", async ({ onTestFinished }) => {
  const directory = makeWorkDirectory("program");
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "junction");
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "mailboxes", main: "index.ts" }));
  const [program, test] = codeBlocks(page, "ts");
  writeFileSync(join(directory, "index.ts"), present(program));
  writeFileSync(join(directory, "index.test.ts"), present(test));

  const [node, ...args] = present(codeBlocks(page, "sh")[0]).trim().split(" ");
  expect(node).toBe("node");
  // Without vitest's variables, which change the child's report format, and without an engine's address.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(NODE_|PULUMI_|NYLAS_)/.test(name));
  const { stdout } = await execute(process.execPath, ["--test-reporter=tap", ...args], {
    cwd: directory,
    env: Object.fromEntries(inherited),
  });
  expect(stdout).toMatch(/^# pass 2$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
