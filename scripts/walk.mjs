#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const DEFAULT_MINUTES = "30";
/** A vitest process keeps data about every provider process of the walk. Restarting vitest bounds its memory. */
const MINUTES_PER_PROCESS = 5;
/** Without `--host`, the seed chooses. */
const HOSTS = ["dynamic", "native"];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: DEFAULT_MINUTES },
    seed: { type: "string" },
    host: { type: "string" },
    rough: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write(`walk: --minutes ${values.minutes} is not a number above 0.\n`);
  process.exit(2);
}

if (values.host !== undefined && !HOSTS.includes(values.host)) {
  process.stderr.write(`walk: --host ${values.host} is not one of ${HOSTS.join(", ")}.\n`);
  process.exit(2);
}

const root = join(import.meta.dirname, "..");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const args = [vitest, "run", "--mode", "walk", "--disable-console-intercept"];
let exitCode = 0;
for (let left = minutes; left > 0 && exitCode === 0; left -= MINUTES_PER_PROCESS) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, WALK_MINUTES: String(Math.min(left, MINUTES_PER_PROCESS)) };
  // A failed walk prints its seed. With a seed, only the sequences of that seed run.
  if (values.seed !== undefined) env.WALK_SEED = values.seed;
  if (values.host !== undefined) env.WALK_HOST = values.host;
  // Nylas answers slowly, limits the requests and fails now and then.
  if (values.rough) env.WALK_ROUGH = "1";
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" });
  if (error !== undefined) process.stderr.write(`walk: ${error.message}\n`);
  exitCode = status ?? 1;
  if (values.seed !== undefined) break;
}
process.exit(exitCode);
