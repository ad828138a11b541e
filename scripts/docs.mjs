#!/usr/bin/env node
/**
 * Makes docs/reference/ from the doc comments of the package, the schema of its native provider, and the tables of
 * docs/dependencies.md and docs/upgrades.md. With `--check`, only compares.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../tools/harness/errors.mjs";
import { checkCompatibility, writeCompatibility } from "./documentation/compatibility.mjs";
import { checkDependencies, writeDependencies } from "./documentation/dependencies.mjs";
import { nativeReference } from "./documentation/native.ts";
import { writeReference } from "./documentation/reference.mjs";
import { schemaOf } from "./documentation/schema.ts";
import { repositoryDirectory, workDirectory } from "./setup/paths.mjs";

const referenceDirectory = join(repositoryDirectory, "docs/reference");
const SCHEMA = "provider/src/hosts/plugin/schema.json";
const schemaFile = join(repositoryDirectory, SCHEMA);

async function write() {
  writeDependencies();
  writeCompatibility();
  writeFileSync(schemaFile, await makeReference(referenceDirectory));
}

/** @param {string} directory @returns the schema's text */
async function makeReference(directory) {
  const schema = schemaOf(await writeReference(directory));
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  writeFileSync(join(directory, "Native.md"), nativeReference(text));
  return text;
}

/** Throws if `write` would change something. */
async function check() {
  checkDependencies();
  checkCompatibility();
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(join(workDirectory, "reference-"));
  try {
    const schema = await makeReference(directory);
    const [made, committed] = [contents(directory), contents(referenceDirectory)];
    const names = [...new Set([...made.keys(), ...committed.keys()])];
    const pages = names
      .filter((name) => made.get(name) !== committed.get(name))
      .map((name) => `docs/reference/${name}`);
    const stale = readFileSync(schemaFile, "utf8") === schema ? pages : [...pages, SCHEMA];
    if (stale.length > 0) throw new Error(`Out of date: ${stale.join(", ")}. Run npm run docs.`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} directory of files only */
function contents(directory) {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

try {
  await (process.argv.includes("--check") ? check() : write());
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
