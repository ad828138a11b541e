import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeBlocks } from "../../../tools/harness/code-blocks.js";

/** What users read about tests of their own. */
export const guide = readFileSync(join(import.meta.dirname, "../../docs/testing-with-the-emulator.md"), "utf8");

/** Its fenced examples of a language. */
export function examples(language: string): string[] {
  return codeBlocks(guide, language);
}
