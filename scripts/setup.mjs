#!/usr/bin/env node
import { messageOf } from "./kit/errors.mjs";
import { setUp } from "./setup/main.mjs";

let exitCode = 0;
try {
  await setUp({ withEngine: !process.argv.includes("--without-engine") });
} catch (error) {
  process.stderr.write(`set-up: ${messageOf(error)}\n`);
  exitCode = 1;
}
// Explicitly: a name look-up that outlasted the attempt's limit would keep this process waiting for it.
process.exit(exitCode);
