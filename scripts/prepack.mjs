#!/usr/bin/env node
/** Run by `npm pack` and `npm publish` in provider/: the package carries the repository's README and licence. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "..");

for (const file of ["README.md", "LICENSE"]) copyFileSync(join(repository, file), join(repository, "provider", file));
