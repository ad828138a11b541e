#!/usr/bin/env node
/**
 * Uses both packages as their users will, before they are published: packs them, installs the tarballs with npm and with
 * pnpm, type-checks programs under each module setting, and brings a program up at the packed emulator. Then follows the
 * commands of the pages that a reader is to follow; with names of pages as arguments, only these.
 *
 * `test/package/tarball.test.ts` covers the contents of the tarballs and, with npm only, refresh and destroy without a program.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { INSTALLERS, prepareTrials } from "../tools/harness/trials.mjs";
import {
  emulatorExport,
  esm,
  everyExport,
  moduleSettings,
  native,
  strictConfiguration,
  template,
} from "./release/consumers.mjs";
import { followIn, hostsOf, makeStage, pageNames } from "./release/pages.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

const TYPESCRIPT = "^5.0.0";

/** @typedef {keyof typeof moduleSettings} ModuleSystem */
/** @typedef {keyof typeof INSTALLERS} PackageManager */
/** @typedef {{ packageManager: PackageManager, moduleSystem: ModuleSystem, directory: string }} Program */

const PACKAGE_MANAGERS = /** @type {const} */ (["npm", "pnpm"]);
const PACKAGES = { "pulumi-nylas-imap": "provider", "nylas-emulator": "emulator" };

/** @type {Record<ModuleSystem, import("./release/consumers.mjs").Files>} */
const PROGRAMS = { CommonJS: template, ESM: esm };

const { directory, environment, check, skip, command, bringUp, runTrials } = prepareTrials("release:check");

await runTrials(async () => {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !pageNames.includes(name));
  if (unknown.length > 0) throw new Error(`No page is ${unknown.join(", ")}. Pages: ${pageNames.join(", ")}.`);
  if (named.length === 0) await checkPackages();
  await checkPages(named.length === 0 ? pageNames : named);
});

async function checkPackages() {
  /** @type {Record<string, string>} */
  const tarballs = {};
  for (const [name, folder] of Object.entries(PACKAGES)) {
    const isPacked = await check(`${name} is packed`, async () => {
      tarballs[name] = await pack(join(repositoryDirectory, folder));
    });
    if (!isPacked) return;
  }
  // Two at a time: the engine and the compiler each keep a core busy.
  await Promise.all(PACKAGE_MANAGERS.map((packageManager) => checkPrograms(packageManager, tarballs)));
}

/** @param {readonly string[]} names */
async function checkPages(names) {
  const stage = join(directory, "pages");
  mkdirSync(stage);
  const isMade = await check("a clone is set up and packed", () => makeStage(stage, environment));
  if (!isMade) return;
  for (const name of names) {
    const hosts = await hostsOf(name);
    if ("absent" in hosts) skip(name, hosts.absent);
    else await check(`${name} does what it says`, () => followIn(stage, environment, name, hosts.directories));
  }
}

/** @param {PackageManager} packageManager @param {Record<string, string>} tarballs */
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
    await check(`${name}: up, unchanged, doctor, destroy`, () => bringUpWith(program.directory));
  }
  await check(`${packageManager}: the native provider of the package`, () => bringUpNative(packageManager));
}

/**
 * Installs the plugin from the package, and brings a program up with it.
 * @param {PackageManager} packageManager
 */
async function bringUpNative(packageManager) {
  const folder = join(directory, `${packageManager}-CommonJS`);
  const installed = join(folder, "node_modules", "pulumi-nylas-imap");
  const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const install = ["pulumi", "plugin", "install", "resource", "nylas", version, "--file", join(installed, "plugin")];
  const home = join(directory, `${packageManager}-home`);
  const env = { ...environment, PULUMI_HOME: home };
  await command(folder, install, env);
  // Resolves the modules of the program around it.
  const project = join(folder, "native");
  mkdirSync(project);
  for (const [file, text] of Object.entries(native)) writeFileSync(join(project, file), text);
  await bringUpWith(folder, project, env);
}

/** @param {string} folder */
async function pack(folder) {
  const printed = await command(folder, ["npm", "pack", "--pack-destination", directory]);
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
  return command(folder, INSTALLERS[packageManager]);
}

/** @param {Program} program @param {Record<string, string>} options */
async function typeCheck({ moduleSystem, directory: folder }, options) {
  const sources = ["every-export.ts", "emulator.ts", ...(moduleSystem === "CommonJS" ? ["index.ts"] : [])];
  const configuration = `tsconfig.${options.module}.json`;
  writeFileSync(join(folder, configuration), strictConfiguration(options, sources));
  await command(folder, [join("node_modules", ".bin", "tsc"), "-p", configuration]);
}

/**
 * @param {string} folder where the packages are installed
 * @param {string} [project]
 * @param {Record<string, string>} [env]
 */
function bringUpWith(folder, project = folder, env = environment) {
  // As a user starts the installed ones.
  const bin = join(folder, "node_modules", ".bin");
  return bringUp(project, { env, emulator: [join(bin, "nylas-emulator")] }, (trial) =>
    command(folder, [join(bin, "nylas-imap"), "doctor"], trial.env),
  );
}
