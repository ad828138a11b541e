import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What users read about tests of their own. */
export const guide = readFileSync(join(import.meta.dirname, "../../docs/testing-with-the-emulator.md"), "utf8");

/** Its fenced examples of a language. */
export function examples(language: string): string[] {
  return codeBlocks(guide, language);
}

/** The fenced code blocks of a language in a page of Markdown. */
export function codeBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, text = ""]) => (of === language ? [text] : []));
}
