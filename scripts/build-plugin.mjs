#!/usr/bin/env node
/**
 * Builds the native provider of `provider/` into `provider/plugin`, which Pulumi starts for programs in every language: one file
 * with all that it needs, and its launchers. Writes only what differs, because processes may load the files meanwhile.
 */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { writeIfChanged } from "../tools/harness/write-if-changed.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

const provider = join(repositoryDirectory, "provider");
const built = join(provider, "plugin");
const NAME = "pulumi-resource-nylas";
const FILE = `${NAME}.cjs`;

const { version } = JSON.parse(readFileSync(join(provider, "package.json"), "utf8"));
const bundle = await rolldown({
  input: join(provider, "dist", "hosts", "plugin", "main.js"),
  platform: "node",
  transform: { define: { PLUGIN_VERSION: JSON.stringify(version) } },
});
// Errors have the names of their classes.
const { output } = await bundle.generate({
  format: "cjs",
  codeSplitting: false,
  minify: { compress: true, mangle: false },
  keepNames: true,
});
await bundle.close();

mkdirSync(built, { recursive: true });
const [{ code }] = output;
writeIfChanged(join(built, FILE), Buffer.from(code));
writeIfChanged(join(built, NAME), Buffer.from(`#!/bin/sh\nexec node "$(dirname "$0")/${FILE}" "$@"\n`));
writeIfChanged(join(built, `${NAME}.cmd`), Buffer.from(`@node "%~dp0${FILE}" %*\r\n`));
chmodSync(join(built, NAME), 0o755);
