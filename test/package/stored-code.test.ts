import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { createStack } from "../support/stack.js";

const root = join(import.meta.dirname, "../..");

let emulator: TestEmulator;
/** Outside of the repository, so that the program cannot resolve its modules. */
let project: string;

beforeAll(async () => {
  emulator = await TestEmulator.start();
});

afterAll(() => emulator.close());

beforeEach(({ onTestFinished }) => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "stored-code-")));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  writeFileSync(
    join(project, "Pulumi.yaml"),
    "name: trial\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
  );
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "trial", main: "index.js" }));
  mkdirSync(join(project, "node_modules/@pulumi"), { recursive: true });
  symlinkSync(join(root, "node_modules/@pulumi/pulumi"), join(project, "node_modules/@pulumi/pulumi"), "junction");
});

/** What `up` of the project says; nothing is made, and nothing is asked. */
async function refusalOfUp(): Promise<string> {
  const stack = await createStack({ directory: project, project: "trial", env: emulator.env });
  try {
    await emulator.forgetRequests();
    const { code, output } = await stack.run("up");
    expect(code, output).not.toBe(0);
    expect(await emulator.requests()).toEqual([]);
    expect(stack.resources().map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack"]);
    return output;
  } finally {
    stack.remove();
  }
}

it("names the missing dependency of a program whose library has the package", async () => {
  const library = join(project, "node_modules/library");
  mkdirSync(join(library, "node_modules"), { recursive: true });
  symlinkSync(join(root, "provider"), join(library, "node_modules/pulumi-nylas-imap"), "junction");
  writeFileSync(join(library, "index.js"), 'module.exports = require("pulumi-nylas-imap");');
  writeFileSync(join(project, "index.js"), 'new (require("library").ImapConnector)("imap");');
  const output = await refusalOfUp();
  expect(output).toContain("add pulumi-nylas-imap to the dependencies of the program itself");
  expect(output).not.toContain("Require stack");
});

it("names the cure of a program that is bundled with the package", async () => {
  symlinkSync(join(root, "provider"), join(project, "node_modules/pulumi-nylas-imap"), "junction");
  const source = join(project, "source.mjs");
  writeFileSync(source, 'import { ImapConnector } from "pulumi-nylas-imap"; new ImapConnector("imap");');
  const bundle = await rolldown({ input: source, platform: "node", external: [/^@pulumi/] });
  await bundle.write({ file: join(project, "index.js"), format: "cjs", codeSplitting: false });
  await bundle.close();
  const output = await refusalOfUp();
  expect(output).toContain("leave the package out of the bundle");
  expect(output).not.toContain("error serializing");
});
