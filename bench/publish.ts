#!/usr/bin/env node
// Puts the figures of `npm run bench -- --json FILE` into the documentation: a picture, and tables between markers.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryDirectory } from "../scripts/setup/paths.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import { Figures } from "./figures.ts";
import { growthTable, operationsTable, taken, targetsTable } from "./markdown.ts";
import type { Contender, Options } from "./options.ts";
import { picture } from "./picture.ts";
import type { Measurement } from "./run.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Target, targetSize } from "./targets.ts";

const EXIT_USAGE = 2;
const USAGE = "Usage: npm run bench:picture -- FILE [--root DIRECTORY]\n";

/** What the bench writes. */
interface Content extends Surroundings {
  options: Options;
  targets: Target[];
  measurements: Measurement[];
  firstAnswers: Partial<Record<Contender, number[]>>;
}

function publish(file: string, root: string): void {
  const content: Content = JSON.parse(readFileSync(file, "utf8"));
  const { options, targets, measurements } = content;
  const figures = new Figures(measurements, new Map(), options.parallel);
  const size = targetSize(options);
  const drawn = picture(figures, size);
  if (drawn === undefined) throw new Error(`${file} has no measurement of ours with ${size} mailboxes.`);
  writeFileSync(join(root, "docs/bench.svg"), drawn);
  const source = taken(content, options);
  replace(join(root, "bench/README.md"), "operations", operationsTable(figures, size));
  replace(join(root, "bench/README.md"), "targets", `${targetsTable(targets, options)}\n\n${source}`);
  replace(join(root, "docs/scale.md"), "growth", `${growthTable(figures, options.sizes)}\n\n${source}`);
}

/** Replaces what stands between two comments of that name. */
function replace(file: string, name: string, content: string): void {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} lacks ${start} and ${end}.`);
  writeFileSync(file, `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`);
}

const { values, positionals } = parseArgs({
  options: { root: { type: "string", default: repositoryDirectory } },
  allowPositionals: true,
});
const [file, ...more] = positionals;
if (file === undefined || more.length > 0) {
  process.stderr.write(USAGE);
  process.exitCode = EXIT_USAGE;
} else {
  try {
    publish(file, values.root);
  } catch (error) {
    process.stderr.write(`bench:picture: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
