#!/usr/bin/env node
import { messageOf } from "../tools/harness/errors.mjs";
import { listenForInterruption } from "../tools/harness/interruption.mjs";
import { setUp } from "./setup/main.mjs";

let exitCode = 0;
listenForInterruption();
try {
  await setUp({ withEngine: !process.argv.includes("--without-engine") });
} catch (error) {
  process.stderr.write(`set-up: ${messageOf(error)}\n`);
  exitCode = 1;
}
// Exit explicitly: a DNS look-up that outlives the time-out of its request would keep the process running.
process.exit(exitCode);
