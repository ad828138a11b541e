#!/usr/bin/env node
/**
 * Builds the native provider of `provider/` into `provider/plugin`, which Pulumi starts for programs in every language: all that it
 * needs, and its launchers. What few runs need is in files of its own, because Node compiles each file whole. Writes only what differs,
 * because processes may load the files meanwhile.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { writeIfChanged } from "../tools/harness/write-if-changed.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

const provider = join(repositoryDirectory, "provider");
const built = join(provider, "plugin");
const NAME = "pulumi-resource-nylas";
const FILE = `${NAME}.cjs`;
/** With the young generation that Node chooses, the process takes a fifth more memory in an `up` of 200 mailboxes, and no less time. */
const NODE = "node --max-semi-space-size=4";
const [SHELL, WINDOWS] = [NAME, `${NAME}.cmd`];

const { version } = JSON.parse(readFileSync(join(provider, "package.json"), "utf8"));
const bundle = await rolldown({
  input: join(provider, "dist", "hosts", "plugin", "main.js"),
  platform: "node",
  // gRPC loads it for services that this plugin does not serve.
  external: "@grpc/proto-loader",
  transform: { define: { PLUGIN_VERSION: JSON.stringify(version) } },
});
// Errors have the names of their classes.
const { output } = await bundle.generate({
  format: "cjs",
  entryFileNames: FILE,
  chunkFileNames: "[name].cjs",
  minify: { compress: true, mangle: false },
  keepNames: true,
});
await bundle.close();

mkdirSync(built, { recursive: true });
for (const file of output) {
  if (file.type === "chunk") writeIfChanged(join(built, file.fileName), Buffer.from(file.code));
}
writeIfChanged(join(built, SHELL), Buffer.from(`#!/bin/sh\nexec ${NODE} "$(dirname "$0")/${FILE}" "$@"\n`));
writeIfChanged(join(built, WINDOWS), Buffer.from(`@${NODE} "%~dp0${FILE}" %*\r\n`));
chmodSync(join(built, SHELL), 0o755);
const names = [SHELL, WINDOWS, ...output.map(({ fileName }) => fileName)];
for (const name of readdirSync(built)) if (!names.includes(name)) rmSync(join(built, name));
