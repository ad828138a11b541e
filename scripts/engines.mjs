#!/usr/bin/env node
/**
 * Plays at an emulator what users do with an engine and a backend, and prints what happens: the tables in docs/engines.md come from it.
 * Words as arguments play only trials that have one in their names. It takes half an hour, and is no part of CI.
 *
 *   --engine DIR        a directory with `pulumi` and its language host; default: those of set-up
 *   --backend URL       as of `pulumi login`; default: files
 *   --contents COMMAND  prints everything that the backend of the URL stores, decoded; no secret may stand in it
 *   --host HOST         dynamic or native; default: both
 *
 * What it was tried with: PostgreSQL of Debian (`postgres://postgres@127.0.0.1:PORT/NAME?sslmode=disable`), and `moto_server` of the
 * Python package moto (`s3://BUCKET?endpoint=127.0.0.1:PORT&s3ForcePathStyle=true&disableSSL=true&region=us-east-1`).
 */
import { parseArgs } from "node:util";
import { passes } from "../tools/harness/checks.mjs";
import { listenForInterruption, onInterruption } from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";
import { clearEnvironment } from "../tools/harness/user-environment.mjs";
import { openPlace } from "./engines/place.mjs";
import { trials } from "./engines/trials.mjs";

/** @import { HostName } from "./engines/place.mjs" */

const { values, positionals } = parseArgs({
  options: {
    engine: { type: "string" },
    backend: { type: "string" },
    host: { type: "string" },
    contents: { type: "string" },
  },
  allowPositionals: true,
});
clearEnvironment();
listenForInterruption();
onInterruption(stopAll);
let failed = 0;
/** @type {HostName[]} */
const hosts = values.host === "native" ? ["native"] : values.host === "dynamic" ? ["dynamic"] : ["dynamic", "native"];
for (const host of hosts) {
  const place = await openPlace({ engine: values.engine, backend: values.backend, host });
  for (const trial of trials) {
    if (trial.host !== undefined && trial.host !== host) continue;
    if (positionals.length > 0 && !positionals.some((word) => trial.name.includes(word))) continue;
    const run = () => trial.run(place, (text) => process.stdout.write(`    ${text}\n`));
    if (!(await passes(`${host}: ${trial.name}`, run))) failed += 1;
    await place.clean();
  }
  if (!(await passes(`${host}: nothing in clear in the backend`, () => place.expectNoSecrets(values.contents))))
    failed += 1;
  await place.close();
}
await stopAll();
process.exit(failed === 0 ? 0 : 1);
