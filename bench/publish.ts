#!/usr/bin/env node
// Puts the figures of `npm run bench -- --json FILE` into the documentation: a picture, and tables between markers.
import { readFileSync, writeFileSync } from "node:fs";
import { messageOf } from "../tools/harness/errors.mjs";
import { Figures } from "./figures.ts";
import type { Options } from "./options.ts";
import { picture } from "./picture.ts";
import { reasons } from "./reasons.ts";
import { operationsTable, ratiosTable, sizesTable, targetsTable } from "./report.ts";
import type { Measurement } from "./run.ts";
import type { Surroundings } from "./surroundings.ts";
import { NAIVE_SIZE, type Target, targetSize } from "./targets.ts";

const EXIT_USAGE = 2;
/** Load average for each CPU before the run, above which other work falsifies the times. */
const MAX_LOAD = 0.25;
/** Fewer say nothing about the spread. */
const MIN_REPETITIONS = 3;

/** What the bench writes. */
interface Content extends Surroundings {
  options: Options;
  targets: Target[];
  measurements: Measurement[];
}

function publish(file: string): void {
  const content: Content = JSON.parse(readFileSync(file, "utf8"));
  const { machine, versions, options, targets, measurements } = content;
  if (machine.loadBefore > MAX_LOAD * machine.cpus) {
    throw new Error(
      `These figures were taken with a load of ${machine.loadBefore} on ${machine.cpus} CPUs. Measure again when the machine is idle.`,
    );
  }
  if (options.repetitions < MIN_REPETITIONS) {
    throw new Error(
      `${file} has too few repetitions: ${options.repetitions}. Measure with at least ${MIN_REPETITIONS}.`,
    );
  }
  const figures = new Figures(measurements, new Map(), options.parallel);
  const size = targetSize(options);
  const drawn = picture(figures, size);
  if (drawn === undefined) throw new Error(`${file} has no measurement of ours with ${size} mailboxes.`);
  const where = `${machine.cpus} × ${machine.cpu} with a load of ${machine.loadBefore}`;
  const taken = `Taken at ${versions.commit} on ${where}, Pulumi ${versions.pulumi}, Node ${versions.node}; medians of ${options.repetitions} repetitions.`;
  writeFileSync("docs/bench.svg", drawn);
  const tables = options.sizes
    .filter((one) => one === size || one === NAIVE_SIZE)
    .flatMap((one) => [operationsTable(figures, "plain", one), ratiosTable(figures, "plain", one)]);
  replace("bench/README.md", "operations", tables.filter((text) => text !== "").join("\n\n"));
  replace("bench/README.md", "targets", [targetsTable(targets, size), ...reasons(targets), taken].join("\n\n"));
  replace("docs/scale.md", "sizes", `${sizesTable(figures, options.sizes)}\n\n${taken}`);
}

/** Replaces what stands between two comments of that name. */
function replace(file: string, name: string, content: string): void {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} lacks ${start} and ${end}.`);
  writeFileSync(file, `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`);
}

const [file, ...more] = process.argv.slice(2);
if (file === undefined || more.length > 0) {
  process.stderr.write("Usage: npm run bench:picture -- FILE\n");
  process.exitCode = EXIT_USAGE;
} else {
  try {
    publish(file);
  } catch (error) {
    process.stderr.write(`bench:picture: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
