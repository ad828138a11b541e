#!/usr/bin/env node
/**
 * Makes docs/reference/ from the doc comments of the package, and the tables of docs/dependencies.md. With `--check`, only
 * compares.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../tools/harness/errors.mjs";
import { checkDependencies, writeDependencies } from "./documentation/dependencies.mjs";
import { writeReference } from "./documentation/reference.mjs";
import { repositoryDirectory, workDirectory } from "./setup/paths.mjs";

const referenceDirectory = join(repositoryDirectory, "docs/reference");

async function write() {
  writeDependencies();
  await writeReference(referenceDirectory);
}

/** Throws if `write` would change something. */
async function check() {
  checkDependencies();
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(join(workDirectory, "reference-"));
  try {
    await writeReference(directory);
    const [made, committed] = [contents(directory), contents(referenceDirectory)];
    const names = [...new Set([...made.keys(), ...committed.keys()])];
    const stale = names.filter((name) => made.get(name) !== committed.get(name));
    if (stale.length > 0) throw new Error(`Out of date in docs/reference: ${stale.join(", ")}. Run npm run docs.`);
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
