#!/usr/bin/env node
/**
 * Draws the picture of the README from a real run: `npm start | node scripts/picture.mjs > docs/run.svg`. Its text can be selected.
 */
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { COLUMNS } from "../tools/harness/progress.mjs";

const FIRST_STEP = "1. ";
const EXPLANATION = "The program declares ";
const FONT_SIZE = 13;
/** Of a character of a monospaced font, relative to its size. */
const ADVANCE = 0.602;
const LINE_HEIGHT = 19;
const PADDING = 16;

const COLORS = {
  background: "#0d1117",
  text: "#c9d1d9",
  quiet: "#8b949e",
  made: "#56d364",
  changed: "#e3b341",
  deleted: "#ff7b72",
};

/** How lines look; the first pattern that matches counts. */
const LOOKS = [
  { pattern: /^\d\. |^Summary$/, color: COLORS.text, bold: true },
  { pattern: /^\$ pulumi /, color: COLORS.quiet },
  { pattern: /^ *\+ |^ {2}✓ /, color: COLORS.made },
  { pattern: /^ *~ /, color: COLORS.changed },
  { pattern: /^ *- /, color: COLORS.deleted },
  { pattern: /^/, color: COLORS.text },
];

const all = stripVTControlCharacters(await text(process.stdin)).split("\n");
// Above is what set-up found, and below is what it means.
const run = all.slice(
  all.findIndex((line) => line.startsWith(FIRST_STEP)),
  all.findIndex((line) => line.startsWith(EXPLANATION)),
);
const lines = run.flatMap((line) => {
  const look = LOOKS.find(({ pattern }) => pattern.test(line));
  return look === undefined || line === "" ? [] : [{ ...look, line: line.trimEnd() }];
});
if (lines.length === 0) throw new Error("The input has no run: pipe the output of npm start into this script.");
process.stdout.write(svg(lines));

/** @param {readonly { line: string, color: string, bold?: boolean }[]} shown */
function svg(shown) {
  const width = Math.ceil(COLUMNS * FONT_SIZE * ADVANCE) + 2 * PADDING;
  const rows = shown.map(({ line, color, bold = false }, index) => {
    const y = PADDING + FONT_SIZE + index * LINE_HEIGHT;
    const weight = bold ? ' font-weight="bold"' : "";
    return `<text xml:space="preserve" x="${PADDING}" y="${y}" fill="${color}"${weight}>${escaped(line)}</text>`;
  });
  const height = 2 * PADDING + FONT_SIZE + (shown.length - 1) * LINE_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${FONT_SIZE}">
<title>The output of npm start</title>
<rect width="100%" height="100%" rx="8" fill="${COLORS.background}"/>
${rows.join("\n")}
</svg>
`;
}

/** @param {string} line */
function escaped(line) {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
