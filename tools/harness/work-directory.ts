import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";

const BASE = join(import.meta.dirname, "../../.work/tests");

/** Creates a directory within the repository, where Node finds its packages. The caller removes it. */
export function makeWorkDirectory(name: string): string {
  mkdirSync(BASE, { recursive: true });
  return mkdtempSync(join(BASE, `${name}-`));
}
