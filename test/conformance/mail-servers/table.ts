import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

const PAGE = join(import.meta.dirname, "../../../docs/mail-servers.md");
const HOW = "UPDATE_DOCS=1 npx vitest run --mode mail test/conformance/mail-servers";

/** What one server's answer in one situation is taken for. */
export interface Row {
  protocol: string;
  situation: string;
  /** The preflight's category, the server's words and the error's code. */
  verdict: string;
  words: string;
  code: string;
  /** Whether the message says that the refusal may have another reason. */
  doubt: boolean;
  /** What the emulator answers. */
  emulator: string;
}

/**
 * Compares what was seen with the page, which `UPDATE_DOCS=1` writes. Returns the version on the page if that is another one,
 * whose answers may differ.
 */
export function expectTable(name: string, version: string, rows: readonly Row[]): string | undefined {
  const page = readFileSync(PAGE, "utf8");
  const shown = sectionOf(name, version, rows);
  const found = new RegExp(`<!-- verdicts of ${name} -->\\n[\\s\\S]*?<!-- end of ${name} -->\\n`).exec(page)?.[0];
  if (process.env.UPDATE_DOCS === "1") {
    writeFileSync(PAGE, found === undefined ? `${page.trimEnd()}\n\n${shown}` : page.replace(found, () => shown));
    return undefined;
  }
  const listed = /^### (.*)$/m.exec(found ?? "")?.[1];
  if (listed !== undefined && listed !== version) return listed;
  expect(found, `regenerate it with: ${HOW}`).toBe(shown);
  return undefined;
}

function sectionOf(name: string, version: string, rows: readonly Row[]): string {
  const lines = rows.map(({ protocol, situation, verdict, words, code, doubt, emulator }) => {
    const said = words === "" ? "" : `“${cell(words)}”`;
    const judged = `\`${verdict}\`${doubt ? ", or another reason" : ""}`;
    return `| ${protocol} | ${situation} | ${judged} | ${said} | ${code === "" ? "" : `\`${code}\``} | ${emulator} |`;
  });
  return [
    `<!-- verdicts of ${name} -->`,
    `### ${version}`,
    "",
    "| | situation | verdict | the server's words | error | emulator |",
    "|---|---|---|---|---|---|",
    ...lines,
    "",
    `<!-- end of ${name} -->`,
    "",
  ].join("\n");
}

/** Within a table, and not as Markdown. */
function cell(words: string): string {
  return words.replaceAll(/[|*_<`]/g, "\\$&");
}
