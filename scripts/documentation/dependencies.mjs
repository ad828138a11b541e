import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryDirectory } from "../setup/paths.mjs";

/** Licenses that Apache-2.0 packages may depend on, and that ask for no more than to keep their notices. */
const LICENSES = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"];
const WORKSPACES = ["provider", "emulator"];
const ROW = /^\| `(?<name>[^`]+)` \|(?:[^|]*\|){3} (?<why>.+) \|$/;

const page = join(repositoryDirectory, "docs/dependencies.md");

/**
 * @typedef {{ version: string, license?: string, dependencies?: Record<string, string> }} Entry of package-lock.json
 * @type {Record<string, Entry>}
 */
const locked = JSON.parse(readFileSync(join(repositoryDirectory, "package-lock.json"), "utf8")).packages;

/**
 * Brings versions, licenses and numbers in docs/dependencies.md up to date. Throws if a dependency has no reason there, if
 * a reason belongs to no dependency, or if a license is not one of `LICENSES`.
 */
export function writeDependencies() {
  writeFileSync(page, updated(readFileSync(page, "utf8")));
}

/** Throws if `writeDependencies` would throw, or change something. */
export function checkDependencies() {
  const text = readFileSync(page, "utf8");
  if (updated(text) !== text) throw new Error("Out of date: docs/dependencies.md. Run npm run docs.");
}

/** @param {string} text the page, with a heading for each workspace and a table below it */
function updated(text) {
  const [introduction = "", ...sections] = text.split(/^(?=## )/m);
  if (sections.length !== WORKSPACES.length)
    throw new Error(`docs/dependencies.md needs ${WORKSPACES.length} headings.`);
  return [introduction, ...WORKSPACES.map((workspace, index) => withTable(workspace, sections[index] ?? ""))].join("");
}

/** @param {string} workspace @param {string} section */
function withTable(workspace, section) {
  const lines = section.split("\n");
  const reasons = new Map(lines.flatMap((line) => reasonIn(line)));
  const names = Object.keys(entryOf(workspace).dependencies ?? {});
  const unexplained = names.filter((name) => !reasons.has(name));
  if (unexplained.length > 0)
    throw new Error(`docs/dependencies.md does not say why ${workspace} needs ${unexplained.join(", ")}.`);
  const gone = [...reasons.keys()].filter((name) => !names.includes(name));
  if (gone.length > 0)
    throw new Error(`docs/dependencies.md explains ${gone.join(", ")}, which ${workspace} does not need.`);
  const rows = names.map((name) => rowOf(workspace, name, reasons.get(name) ?? ""));
  const start = lines.findIndex((line) => ROW.test(line));
  return [...lines.slice(0, start), ...rows, ...lines.slice(start).filter((line) => !ROW.test(line))].join("\n");
}

/** @param {string} line @returns {[string, string][]} */
function reasonIn(line) {
  const { name, why } = ROW.exec(line)?.groups ?? {};
  return name === undefined || why === undefined ? [] : [[name, why]];
}

/** @param {string} workspace @param {string} name @param {string} why */
function rowOf(workspace, name, why) {
  const path = pathOf(name, workspace);
  const { version, license } = entryOf(path);
  const brought = broughtBy(path);
  for (const each of [path, ...brought]) checkLicense(each);
  return `| \`${name}\` | ${version} | ${license} | ${brought.size} | ${why} |`;
}

/**
 * The packages that one brings with it, directly or not, as paths in the lock file.
 * @param {string} path
 * @param {Set<string>} found
 */
function broughtBy(path, found = new Set()) {
  for (const name of Object.keys(entryOf(path).dependencies ?? {})) {
    const dependency = pathOf(name, path);
    if (found.has(dependency)) continue;
    found.add(dependency);
    broughtBy(dependency, found);
  }
  return found;
}

/**
 * Where Node finds a package.
 * @param {string} name
 * @param {string} from the path of whoever imports it
 * @returns {string}
 */
function pathOf(name, from) {
  const path = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (path in locked) return path;
  if (from === "") throw new Error(`package-lock.json does not have ${name}. Run npm install.`);
  return pathOf(name, from.replace(/(^|\/)(node_modules\/(@[^/]+\/)?)?[^/]+$/, ""));
}

/** @param {string} path */
function entryOf(path) {
  const entry = locked[path];
  if (entry === undefined) throw new Error(`package-lock.json does not have ${path}. Run npm install.`);
  return entry;
}

/** @param {string} path */
function checkLicense(path) {
  const { license } = entryOf(path);
  // A package may offer a choice, such as `(MIT OR CC0-1.0)`.
  const choices = license?.replace(/^\((.*)\)$/, "$1").split(" OR ") ?? [];
  if (choices.some((choice) => LICENSES.includes(choice))) return;
  throw new Error(
    `${path} has the license ${license ?? "(none)"}, which is not among those of scripts/documentation/dependencies.mjs.`,
  );
}
