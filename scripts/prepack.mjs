#!/usr/bin/env node
/** Copies README and licence into the package. `npm pack` and `npm publish` in provider/ run this script. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "..");

for (const file of ["README.md", "LICENSE"]) copyFileSync(join(repository, file), join(repository, "provider", file));
