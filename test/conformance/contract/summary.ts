import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { TestProject } from "vitest/node";
import { explain } from "./check.ts";
import { DEVIATIONS } from "./deviations.ts";
import { readContract } from "./document.ts";
import { type Entry, LEDGER_VARIABLE, readLedger } from "./ledger.ts";

const OWN_TEST = join(import.meta.dirname, "contract.test.ts");

/** vitest's global set-up: creates the run's ledger and prints its summary at the end. */
export default function setup(project: TestProject): () => Promise<void> {
  const { root } = project.config;
  const directory = join(root, ".work/contract", String(process.pid));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  process.env[LEDGER_VARIABLE] = directory;

  return async () => {
    const entries = readLedger(directory);
    console.log(summarize(entries));
    const lines = new Set(entries.flatMap((entry) => (entry.kind === "exchange" ? entry.violations.map(explain) : [])));
    const unused = (await isComplete(project, entries)) ? unusedOf(entries) : [];
    if (lines.size > 0) console.error(["Nylas's contract was not kept:", ...lines].join("\n  "));
    if (unused.length > 0) {
      console.error(
        ["Deviations that no test needs, in test/conformance/contract/deviations.ts:", ...unused].join("\n  "),
      );
    }
    // Tests report violations of their own process; this reports those of emulators in other processes.
    if (lines.size > 0 || unused.length > 0) process.exitCode = 1;
    rmSync(directory, { recursive: true, force: true });
  };
}

function summarize(entries: readonly Entry[]): string {
  const exchanges = entries.filter((entry) => entry.kind === "exchange");
  const requests = exchanges.filter(({ requestChecked }) => requestChecked).length;
  const cut = entries.filter(({ kind }) => kind === "cut").length;
  const half = entries.filter(({ kind }) => kind === "half-request").length;
  const used = countOf(exchanges.flatMap(({ deviations }) => deviations));
  const unused = unusedOf(entries);
  const answers = countOf(exchanges.map(({ endpoint, status }) => `${pathless(endpoint)} ${status}`));
  return [
    `contract: ${requests} requests of the client and ${exchanges.length} answers validated against Nylas's contract`,
    `  not validated: ${cut} answers cut off, ${half} requests that did not arrive whole`,
    `  answers: ${table(answers)}`,
    `  ${used.size} deviations used: ${table(used)}`,
    ...(unused.length === 0 ? [] : [`  unused in this run: ${unused.join("; ")}`]),
  ].join("\n");
}

/** Groups paths that the contract does not have: tests invent many of them. */
function pathless(endpoint: string): string {
  return known.has(endpoint) ? endpoint : "other";
}

const known = new Set(
  Object.entries(readContract().paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  ),
);

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].sort(([, left], [, right]) => right - left));
}

function table(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} × ${count}`).join("; ");
}

function unusedOf(entries: readonly Entry[]): string[] {
  const used = new Set(entries.flatMap((entry) => (entry.kind === "exchange" ? entry.deviations : [])));
  return DEVIATIONS.map(({ name }) => name).filter((name) => !used.has(name));
}

/** Whether the complete suite has run, with repetitions. */
async function isComplete(project: TestProject, entries: readonly Entry[]): Promise<boolean> {
  const { testNamePattern, env } = project.config;
  if (testNamePattern !== undefined || env.TEST_REPETITIONS !== "all") return false;
  const ran = new Set(entries.flatMap((entry) => (entry.kind === "test-file" ? [entry.path] : [])));
  const { testFiles } = await project.globTestFiles();
  if (!testFiles.includes(OWN_TEST)) return false;
  return testFiles.every((file) => ran.has(relative(project.config.root, file)));
}
