#!/usr/bin/env node
/**
 * Uses both packages as their users will, before they are published: packs them, installs the tarballs with npm and with
 * pnpm, type-checks programs under each module setting, and brings a program up at the packed emulator. Then follows the
 * commands of the pages that a reader is to follow; with names of pages as arguments, only these.
 *
 * `test/package/tarball.test.ts` covers the contents of the tarballs and, with npm only, refresh and destroy without a program.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { passes } from "../tools/harness/checks.mjs";
import { startEmulatorCli } from "../tools/harness/emulator.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import {
  isInterrupted,
  listenForInterruption,
  onInterruption,
  stopListening,
  untilEnd,
} from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";
import { pulumiStack } from "../tools/harness/stack.mjs";
import { clearEnvironment, userEnvironment } from "../tools/harness/user-environment.mjs";
import {
  emulatorExport,
  esm,
  everyExport,
  moduleSettings,
  native,
  strictConfiguration,
  template,
} from "./release/consumers.mjs";
import { followIn, makeStage, pageNames } from "./release/pages.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";
import { run } from "./setup/run.mjs";
import { PNPM } from "./setup/versions.mjs";

const COMMAND_TIMEOUT_MS = 5 * 60_000;
const TYPESCRIPT = "^5.0.0";

/** @typedef {keyof typeof moduleSettings} ModuleSystem */
/** @typedef {{ packageManager: string, moduleSystem: ModuleSystem, directory: string }} Program */

/** @type {Record<string, readonly string[]>} the command that installs what package.json names */
const PACKAGE_MANAGERS = {
  npm: ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund"],
  // pnpm fails because of install scripts that nobody has approved. None of them is needed.
  pnpm: [
    ...["npm", "exec", "--yes", "--prefer-offline", `--package=pnpm@${PNPM}`, "--"],
    ...["pnpm", "install", "--prefer-offline", "--config.strict-dep-builds=false"],
  ],
};

const PACKAGES = { "pulumi-nylas-imap": "provider", "nylas-emulator": "emulator" };

/** @type {Record<ModuleSystem, import("./release/consumers.mjs").Files>} */
const PROGRAMS = { CommonJS: template, ESM: esm };

/** Outside of the repository, so that programs cannot resolve its modules. */
const directory = realpathSync(mkdtempSync(join(tmpdir(), "nylas-release-")));
clearEnvironment();
const environment = userEnvironment({
  PULUMI_CONFIG_PASSPHRASE: randomBytes(18).toString("base64url"),
  PULUMI_HOME: join(directory, "home"),
});

let passed = 0;
let failed = 0;

listenForInterruption();
onInterruption(async () => rmSync(directory, { recursive: true, force: true }));
onInterruption(stopAll);
try {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !pageNames.includes(name));
  if (unknown.length > 0) throw new Error(`No page is ${unknown.join(", ")}. Pages: ${pageNames.join(", ")}.`);
  if (named.length === 0) await checkPackages();
  await checkPages(named.length === 0 ? pageNames : named);
} catch (error) {
  if (isInterrupted()) await untilEnd();
  failed += 1;
  process.stderr.write(`release check: ${messageOf(error)}\n`);
}
await stopAll();
stopListening();
if (failed === 0) rmSync(directory, { recursive: true, force: true });
else
  process.stdout.write(`The programs are kept in ${directory}. Mend the cause, and run npm run release:check again.\n`);
process.stdout.write(failed === 0 ? `all ${passed} checks pass\n` : `${failed} of ${passed + failed} checks fail\n`);
process.exit(failed === 0 ? 0 : 1);

async function checkPackages() {
  /** @type {Record<string, string>} */
  const tarballs = {};
  for (const [name, folder] of Object.entries(PACKAGES)) {
    await check(`${name} is packed`, async () => {
      tarballs[name] = await pack(join(repositoryDirectory, folder));
    });
  }
  if (failed > 0) return;
  // Two at a time: the engine and the compiler each keep a core busy.
  await Promise.all(Object.keys(PACKAGE_MANAGERS).map((packageManager) => checkPrograms(packageManager, tarballs)));
}

/** @param {readonly string[]} names */
async function checkPages(names) {
  const stage = join(directory, "pages");
  mkdirSync(stage);
  const isMade = await check("a clone is set up and packed", () => makeStage(stage, environment));
  if (!isMade) return;
  for (const name of names) await check(`${name} does what it says`, () => followIn(stage, environment, name));
}

/** @param {string} packageManager @param {Record<string, string>} tarballs */
async function checkPrograms(packageManager, tarballs) {
  for (const moduleSystem of /** @type {const} */ (["CommonJS", "ESM"])) {
    const program = { packageManager, moduleSystem, directory: join(directory, `${packageManager}-${moduleSystem}`) };
    const name = `${packageManager}, ${moduleSystem}`;
    writeProgram(program, tarballs);
    const isInstalled = await check(`${name}: installs`, () => install(program));
    if (!isInstalled) continue;
    for (const [setting, options] of Object.entries(moduleSettings[moduleSystem])) {
      await check(`${name}: type-checks with ${setting}`, () => typeCheck(program, options));
    }
    await check(`${name}: up, unchanged, doctor, destroy`, () => bringUp(program.directory));
  }
  await check(`${packageManager}: the native provider of the package`, () => bringUpNative(packageManager));
}

/**
 * Installs the plugin from the package, and brings a program up with it.
 * @param {string} packageManager
 */
async function bringUpNative(packageManager) {
  const folder = join(directory, `${packageManager}-CommonJS`);
  const installed = join(folder, "node_modules", "pulumi-nylas-imap");
  const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const install = ["plugin", "install", "resource", "nylas", version, "--file", join(installed, "plugin")];
  const home = join(directory, `${packageManager}-home`);
  const env = { ...environment, PULUMI_HOME: home };
  await command(folder, ["pulumi", ...install], `Run pulumi ${install.join(" ")} in ${folder} to repeat this.`, env);
  // Resolves the modules of the program around it.
  const project = join(folder, "native");
  mkdirSync(project);
  for (const [file, text] of Object.entries(native)) writeFileSync(join(project, file), text);
  await bringUp(folder, project, env);
}

/** @param {string} name @param {() => Promise<unknown>} work */
async function check(name, work) {
  const passing = await passes(name, work);
  if (passing) passed += 1;
  else failed += 1;
  return passing;
}

/** @param {string} folder */
async function pack(folder) {
  const next = `Run npm pack --dry-run in ${folder} to repeat this.`;
  const printed = await command(folder, ["npm", "pack", "--pack-destination", directory], next);
  return join(directory, printed.split("\n").at(-1) ?? "");
}

/** @param {Program} program @param {Record<string, string>} tarballs */
function writeProgram({ packageManager, moduleSystem, directory: folder }, tarballs) {
  mkdirSync(folder);
  const files = { ...PROGRAMS[moduleSystem], "every-export.ts": everyExport, "emulator.ts": emulatorExport };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);

  const { devDependencies = {}, dependencies, ...manifest } = JSON.parse(PROGRAMS[moduleSystem]["package.json"] ?? "");
  const added = { dependencies: { ...dependencies, "pulumi-nylas-imap": `file:${tarballs["pulumi-nylas-imap"]}` } };
  const tools = {
    typescript: TYPESCRIPT,
    "@types/node": "^24.0.0",
    "nylas-emulator": `file:${tarballs["nylas-emulator"]}`,
  };
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ ...manifest, ...added, devDependencies: { ...tools, ...devDependencies } }),
  );
  const runtime = `runtime:\n  name: nodejs\n  options:\n    packagemanager: ${packageManager}\n`;
  writeFileSync(join(folder, "Pulumi.yaml"), `name: consumer\n${runtime}`);
}

/** @param {Program} program */
function install({ packageManager, directory: folder }) {
  const line = PACKAGE_MANAGERS[packageManager];
  if (line === undefined) throw new Error(`There is no package manager ${packageManager}.`);
  return command(folder, line, `Run ${line.join(" ")} in ${folder} to repeat this.`);
}

/** @param {Program} program @param {Record<string, string>} options */
async function typeCheck({ moduleSystem, directory: folder }, options) {
  const sources = ["every-export.ts", "emulator.ts", ...(moduleSystem === "CommonJS" ? ["index.ts"] : [])];
  const configuration = `tsconfig.${options.module}.json`;
  writeFileSync(join(folder, configuration), strictConfiguration(options, sources));
  const compiler = join("node_modules", ".bin", "tsc");
  await command(
    folder,
    [compiler, "-p", configuration],
    `Run npx tsc -p ${configuration} in ${folder} to repeat this.`,
  );
}

/**
 * @param {string} folder where the packages are installed
 * @param {string} [project]
 * @param {Record<string, string>} [surroundings]
 */
async function bringUp(folder, project = folder, surroundings = environment) {
  // As a user starts the installed one.
  const emulator = await startEmulatorCli(["--mail"], {
    env: environment,
    cwd: folder,
    command: [join(folder, "node_modules", ".bin", "nylas-emulator")],
  });
  const { api, imap, users, child, ended } = emulator;
  try {
    const [{ username, password } = { username: "", password: "" }] = users;
    const backend = `${project}-state`;
    mkdirSync(backend);
    const nylas = { NYLAS_API_URI: emulator.apiUri, NYLAS_API_KEY: emulator.apiKey };
    const env = { ...surroundings, ...nylas, PULUMI_BACKEND_URL: `file://${backend}` };
    const stack = pulumiStack({ name: "release", directory: project, configDirectory: `${project}-config`, env });
    await stack.create();
    await stack.config({ username, imapHost: imap.host, imapPort: imap.port }, { password });
    await stack.up();
    const { grantId } = await stack.outputs();
    const grants = await api.grants();
    expect(grants.length === 1 && grants[0]?.id === grantId, "up makes one grant, whose id is an output");
    await api.forgetRequests();
    await stack.up("--expect-no-changes");
    expect((await api.writes()).length === 0, "a second up sends no write");
    await command(folder, [join("node_modules", ".bin", "nylas-imap"), "doctor"], "doctor finds something to do.", env);
    await stack.destroy();
    expect([...(await api.grants()), ...(await api.connectors())].length === 0, "destroy leaves nothing");
  } finally {
    child.kill("SIGTERM");
  }
  const { code, stderr } = await ended;
  expect(code === 0, `the emulator ends with 0 at SIGTERM, and not with ${code}: ${stderr}`);
}

/** @param {boolean} holds @param {string} claim */
function expect(holds, claim) {
  if (!holds) throw new Error(`Expected but not true: ${claim}`);
}

/**
 * @param {string} cwd
 * @param {readonly string[]} line
 * @param {string} next what to do when the command fails
 */
function command(cwd, [program = "", ...args], next, env = environment) {
  return run(program, args, { cwd, env, timeoutMs: COMMAND_TIMEOUT_MS, next });
}
