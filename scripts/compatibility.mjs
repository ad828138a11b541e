#!/usr/bin/env node
/**
 * Tries what `scripts/compatibility/rows.mjs` lists: each row in a folder of its own, with the packed package and pinned versions, at
 * an emulator. Numbers as arguments try these rows only, from 1. It downloads a gigabyte, and is no part of CI.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { messageOf } from "../tools/harness/errors.mjs";
import { INSTALLERS, npx, prepareTrials } from "../tools/harness/trials.mjs";
import { rows, TOOLS } from "./compatibility/rows.mjs";
import { template } from "./release/consumers.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

/** @import { Manager, Row } from "./compatibility/rows.mjs" */

const PACKAGE = "pulumi-nylas-imap";

/** @type {Record<Manager, readonly string[]>} the command that installs what package.json names */
const COMMANDS = {
  ...INSTALLERS,
  "yarn 1": [...npx(`yarn@${TOOLS.yarn}`), "yarn", "install", "--no-lockfile"],
  "yarn node-modules": [...npx(`@yarnpkg/cli-dist@${TOOLS.berry}`), "yarn", "install", "--no-immutable"],
  "yarn PnP": [...npx(`@yarnpkg/cli-dist@${TOOLS.berry}`), "yarn", "install", "--no-immutable"],
  bun: [...npx(`bun@${TOOLS.bun}`), "bun", "install"],
};

/** @type {Partial<Record<Manager, Record<string, string>>>} files that choose how a manager installs */
const SETTINGS = {
  "yarn node-modules": { ".yarnrc.yml": "nodeLinker: node-modules\nenableTelemetry: false\n" },
  "yarn PnP": { ".yarnrc.yml": "nodeLinker: pnp\nenableTelemetry: false\n" },
};

const { directory, environment, check, command, bringUp, runTrials } = prepareTrials("compatibility");
let tarball = "";

await runTrials(async () => {
  const chosen = process.argv.slice(2).map(Number);
  const packed = await command(join(repositoryDirectory, "provider"), ["npm", "pack", "--pack-destination", directory]);
  tarball = join(directory, packed.split("\n").at(-1) ?? "");
  for (const [index, row] of rows.entries()) {
    if (chosen.length > 0 && !chosen.includes(index + 1)) continue;
    const name = `${index + 1}. ${row.name} ${row.fails === undefined ? "works" : "does not work"}`;
    await check(name, () => tryRow(row, join(directory, String(index + 1))));
  }
});

/** @param {Row} row @param {string} root */
async function tryRow(row, root) {
  try {
    await bringRowUp(row, root);
  } catch (error) {
    const text = messageOf(error);
    if (row.fails === undefined || !row.fails.test(text)) throw error;
    return;
  }
  if (row.fails !== undefined) throw new Error("It works.");
}

/** @param {Row} row @param {string} root */
async function bringRowUp(row, root) {
  const folder = writeProgram(row, root);
  const env = { ...environment, ...(await nodePath(row, root)) };
  await command(root, COMMANDS[row.manager ?? "npm"], env);
  if (row.bundle !== undefined) await bundle(folder, row.bundle);
  if (row.typescript !== undefined) await typeCheck(folder);
  await bringUp(folder, { env });
}

/** @param {Row} row @param {string} root @returns {string} the program's folder */
function writeProgram({ sdk, typescript, manager = "npm", layout = "program", bundle: bundled }, root) {
  const isWorkspace = layout !== "program";
  const folder = isWorkspace ? join(root, "app") : root;
  mkdirSync(folder, { recursive: true });
  const [versionOfSdk, versionOfTypescript] = [sdk ?? locked("@pulumi/pulumi"), typescript ?? locked("typescript")];
  const nylas = { [PACKAGE]: `file:${tarball}` };
  const dependencies = {
    "@pulumi/pulumi": versionOfSdk,
    ...(layout === "library" ? { library: "workspace:*" } : nylas),
  };
  const tools = {
    typescript: versionOfTypescript,
    "@types/node": "24.19.2",
    ...(bundled ? { esbuild: TOOLS.esbuild } : {}),
  };
  const main = bundled === undefined ? "index.ts" : "bundle.js";
  write(folder, "package.json", JSON.stringify({ name: "app", main, dependencies, devDependencies: tools }));
  write(
    folder,
    "Pulumi.yaml",
    `name: consumer\nruntime:\n  name: nodejs\n  options:\n    typescript: ${bundled === undefined}\n`,
  );
  write(folder, "tsconfig.json", readFileSync(join(repositoryDirectory, "templates/nylas-imap/tsconfig.json"), "utf8"));
  const program = template["index.ts"] ?? "";
  write(folder, "index.ts", layout === "library" ? program.replace(`'${PACKAGE}'`, "'library'") : program);
  for (const [name, text] of Object.entries(SETTINGS[manager] ?? {})) write(root, name, text);
  if (!isWorkspace) return folder;
  write(root, "package.json", JSON.stringify({ name: "root", private: true }));
  write(root, "pnpm-workspace.yaml", "packages: [app, library]\n");
  const library = join(root, "library");
  mkdirSync(library);
  const manifest = {
    name: "library",
    main: "index.js",
    types: "index.d.ts",
    dependencies: { "@pulumi/pulumi": versionOfSdk, ...nylas },
  };
  write(library, "package.json", JSON.stringify(manifest));
  write(library, "index.js", `module.exports = require("${PACKAGE}");\n`);
  write(library, "index.d.ts", `export * from "${PACKAGE}";\n`);
  return folder;
}

/** @param {string} folder @param {string} name @param {string} text */
function write(folder, name, text) {
  writeFileSync(join(folder, name), text);
}

/** The version that this repository has. @param {string} name */
function locked(name) {
  const { packages } = JSON.parse(readFileSync(join(repositoryDirectory, "package-lock.json"), "utf8"));
  return packages[`node_modules/${name}`].version;
}

/** A path that begins with the row's Node. @param {Row} row @param {string} root */
async function nodePath({ node }, root) {
  if (node === undefined) return {};
  const place = `${root}-node`;
  mkdirSync(place);
  write(place, "package.json", JSON.stringify({ private: true, dependencies: { node }, allowScripts: { node: true } }));
  await command(place, INSTALLERS.npm);
  return { PATH: [join(place, "node_modules/node/bin"), environment.PATH].join(delimiter) };
}

/** Checks the types of the template and the examples with the compiler of a program. @param {string} folder */
async function typeCheck(folder) {
  for (const project of globSync("{examples,templates}/*/tsconfig.json", { cwd: repositoryDirectory })) {
    await command(folder, [join("node_modules", ".bin", "tsc"), "--noEmit", "-p", join(repositoryDirectory, project)]);
  }
}

/** @param {string} folder @param {"external" | "bundled"} how */
function bundle(folder, how) {
  const external = ["@pulumi/pulumi", ...(how === "external" ? [PACKAGE] : [])].map((name) => `--external:${name}`);
  const options = ["index.ts", "--bundle", "--platform=node", "--outfile=bundle.js", ...external];
  return command(folder, [join("node_modules", ".bin", "esbuild"), ...options]);
}
