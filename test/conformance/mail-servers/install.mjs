#!/usr/bin/env node
// Installs Debian's mail servers, each into a layer of its own: node test/conformance/mail-servers/install.mjs [NAME…]
// Layers that exist stay as they are.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { LAYERS, layerOf } from "./layers.mjs";

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(LAYERS);
const isMissing = names.some((name) => !existsSync(layerOf(name)));
if (isMissing) spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
let failed = false;
for (const name of names) {
  const packages = LAYERS[name];
  if (packages === undefined) throw new Error(`There is no ${name}, but ${Object.keys(LAYERS).join(", ")}.`);
  const layer = layerOf(name);
  if (existsSync(layer)) continue;
  mkdirSync(dirname(layer), { recursive: true });
  const { status } = spawnSync(join(import.meta.dirname, "layer.sh"), [layer, ...packages], { stdio: "inherit" });
  console.log(status === 0 ? `${name} installed` : `${name} cannot be installed`);
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
