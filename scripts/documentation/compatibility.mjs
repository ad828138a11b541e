import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rows } from "../compatibility/rows.mjs";
import { repositoryDirectory } from "../setup/paths.mjs";

const page = join(repositoryDirectory, "docs/upgrades.md");
const HEAD = "| with | works | what to do |\n|---|---|---|\n";
const TABLE = /\| with \| works \| what to do \|\n\|[-|]+\|\n(?:\|.*\n)*/;

/** Writes what `npm run compatibility` tries into the table of docs/upgrades.md. */
export function writeCompatibility() {
  writeFileSync(page, updated(readFileSync(page, "utf8")));
}

/** Throws if `writeCompatibility` would change something. */
export function checkCompatibility() {
  const text = readFileSync(page, "utf8");
  if (updated(text) !== text) throw new Error("Out of date: docs/upgrades.md. Run npm run docs.");
}

/** @param {string} text */
function updated(text) {
  if (!TABLE.test(text)) throw new Error("docs/upgrades.md has no table of what works.");
  const lines = rows.map(({ name, fails, next }) => `| ${name} | ${fails === undefined ? "yes" : "no"} | ${next} |\n`);
  return text.replace(TABLE, () => HEAD + lines.join(""));
}
