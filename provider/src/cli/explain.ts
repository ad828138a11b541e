import { readFileSync } from "node:fs";
import { InvalidInputError } from "../errors.js";
import { nearest } from "../nearest.js";
import { TROUBLESHOOTING } from "../troubleshooting.js";
import { packagePath } from "./package-file.js";
import { shownCode, type Terminal, wrap } from "./terminal.js";

/** The line that begins a section. */
const HEADING = /^## `(\w+)`\n/m;
/** Indentation of what belongs to the line above. */
const INDENT = "  ";

/** The section of the troubleshooting page about an error code, for a terminal. Throws `InvalidInputError` without one. */
export function explain(given: string, terminal: Terminal): string {
  const sections = sectionsOf(readFileSync(packagePath("bundle/troubleshooting.md"), "utf8"));
  // Also as it stands in an error: `(invalid_credentials)`, or with its link.
  const code = given
    .replace(/^.*#/, "")
    .toLowerCase()
    .replaceAll("-", "_")
    .replaceAll(/[^a-z_]/g, "");
  const section = sections.get(code);
  if (section === undefined) throw unknownCode(given, code, [...sections.keys()]);
  const lines = [
    terminal.style("bold", code),
    "",
    ...section
      .trim()
      .split(/\n{2,}/)
      .flatMap((block) => [...shownBlock(block, terminal), ""]),
    `${TROUBLESHOOTING}#${code}`,
  ];
  return `${lines.join("\n")}\n`;
}

function sectionsOf(page: string): ReadonlyMap<string, string> {
  const [, ...parts] = page.split(HEADING);
  const sections = new Map<string, string>();
  // `split` puts what the group matched between the parts.
  for (let index = 0; index < parts.length; index += 2) sections.set(parts[index] ?? "", parts[index + 1] ?? "");
  return sections;
}

function unknownCode(given: string, code: string, codes: readonly string[]): InvalidInputError {
  const near = nearest(code, codes);
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Looking for an explanation",
    answer: `"${given}" is no error code`,
    remedy: near === undefined ? `the codes are ${codes.join(", ")}` : `did you mean \`nylas-imap explain ${near}\`?`,
  });
}

/** A paragraph, list, table or block of code of the page. */
function shownBlock(block: string, terminal: Terminal): string[] {
  const lines = block.split("\n");
  if (block.startsWith("```")) return lines.slice(1, -1).map((line) => `${INDENT}${line}`);
  if (block.startsWith("|")) return shownTable(lines, terminal);
  // A line that begins no item continues the one before.
  const items = block.split(/\n(?=- |\d+\. )/).map((item) => item.replaceAll(/\n */g, " "));
  return items.flatMap((item) => {
    const [, bullet = "", text = ""] = /^(- |\d+\. )?(.*)$/.exec(item) ?? [];
    return wrap(shownText(text, terminal), terminal.columns, bullet);
  });
}

/** Each row as its first cell, with the others below it. */
function shownTable([header = "", , ...rows]: readonly string[], terminal: Terminal): string[] {
  const [, ...names] = cellsOf(header);
  return rows.flatMap((row) => {
    const [first = "", ...cells] = cellsOf(row);
    return [
      ...wrap(shownText(first, terminal), terminal.columns),
      ...cells.flatMap((cell, index) =>
        wrap(`${names[index]}: ${shownText(cell, terminal)}`, terminal.columns, INDENT, INDENT.repeat(2)),
      ),
    ];
  });
}

function cellsOf(row: string): string[] {
  return row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function shownText(text: string, terminal: Terminal): string {
  const plain = text
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label: string, target: string) => `${label} (${placeOf(target)})`)
    .replaceAll(/\*\*(.+?)\*\*/g, (_, bold: string) => terminal.style("bold", bold));
  return shownCode(plain, terminal);
}

/** Where a link of the page leads. */
function placeOf(target: string): string {
  return target.startsWith("#") ? `nylas-imap explain ${target.slice(1)}` : new URL(target, TROUBLESHOOTING).href;
}
