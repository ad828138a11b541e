#!/usr/bin/env node
// Installs mail servers into the user's cache: node test/conformance/mail-servers/install.mjs [NAME…]
// Debian's get a layer each, Haraka comes from npm, pymap from PyPI, James from Maven Central, and maddy and mox are built of their
// Go modules. James, maddy and mox take a minute or more each: only by their names.
// What exists stays as it is.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeEntry, removeLeftovers } from "../../../scripts/setup/cache.mjs";
import { messageOf } from "../../../tools/harness/errors.mjs";
import { LAYERS, layerOf, layersDirectory } from "./layers.mjs";

/** @type {Readonly<Record<string, (directory: string) => boolean>>} */
const OTHERS = {
  haraka: (directory) =>
    run("npm", ["install", "--prefix", directory, "--no-audit", "--no-fund", "--ignore-scripts", "Haraka@3.3.4"]),
  james: (directory) => copyJars("org.apache.james", "james-server-memory-app", "3.8.1", directory),
  maddy: (directory) => buildModule("github.com/foxcpp/maddy@v0.8.1", "./cmd/maddy", join(directory, "maddy")),
  mox: (directory) => buildModule("github.com/mjl-/mox@v0.0.15", ".", join(directory, "mox")),
  pymap: (directory) =>
    run("python3", ["-m", "venv", directory]) &&
    run(join(directory, "bin/pip"), ["install", "-q", "pymap==0.36.7", "pysasl==1.2.0", "proxy-protocol==0.11.3"]),
};

/**
 * In a copy of the module, because only there its replacements of other modules hold. `-mod=readonly`: mox lists modules in
 * `vendor`, which its module lacks.
 *
 * @param {string} version
 * @param {string} packageName
 * @param {string} program
 */
function buildModule(version, packageName, program) {
  const module = JSON.parse(spawnSync("go", ["mod", "download", "-json", version], { encoding: "utf8" }).stdout);
  const copy = mkdtempSync(join(tmpdir(), "go-module-"));
  try {
    return (
      run("cp", ["-r", "--no-preserve=mode", `${module.Dir}/.`, copy]) &&
      run("go", ["build", "-mod=readonly", "-o", program, packageName], copy)
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/**
 * With all that it depends on.
 *
 * @param {string} group
 * @param {string} artifact
 * @param {string} version
 * @param {string} directory
 */
function copyJars(group, artifact, version, directory) {
  const project = mkdtempSync(join(tmpdir(), "maven-project-"));
  const coordinates = (/** @type {string[]} */ ...values) =>
    ["groupId", "artifactId", "version"].map((name, index) => `<${name}>${values[index]}</${name}>`).join("");
  try {
    writeFileSync(
      join(project, "pom.xml"),
      `<project><modelVersion>4.0.0</modelVersion>${coordinates("test", "mail-server", "1")}
<dependencies><dependency>${coordinates(group, artifact, version)}</dependency></dependencies></project>`,
    );
    const options = ["-DincludeScope=runtime", `-DoutputDirectory=${directory}`];
    return run("mvn", ["-q", "-B", "dependency:copy-dependencies", ...options], project);
  } finally {
    rmSync(project, { recursive: true });
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
function run(command, args, cwd) {
  return spawnSync(command, args, { stdio: "inherit", cwd }).status === 0;
}

const names = process.argv.length > 2 ? process.argv.slice(2) : [...Object.keys(LAYERS), "haraka", "pymap"];
const unknown = names.find((name) => !(name in LAYERS) && !(name in OTHERS));
if (unknown !== undefined) {
  throw new Error(`There is no ${unknown}, but ${[...Object.keys(LAYERS), ...Object.keys(OTHERS)].join(", ")}.`);
}
const isMissing = names.some((name) => name in LAYERS && !existsSync(layerOf(name)));
if (isMissing) spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
await removeLeftovers(layersDirectory);
for (const name of names) {
  if (existsSync(layerOf(name))) continue;
  try {
    await makeEntry(layerOf(name), (temporary) => install(name, temporary));
    console.log(`${name} installed`);
  } catch (error) {
    console.log(`${name} cannot be installed: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}

/**
 * @param {string} name
 * @param {string} temporary
 */
async function install(name, temporary) {
  const directory = join(temporary, name);
  const installed =
    OTHERS[name]?.(directory) ?? run(join(import.meta.dirname, "layer.sh"), [directory, ...(LAYERS[name] ?? [])]);
  if (!installed) throw new Error("the output above says why");
  return directory;
}
