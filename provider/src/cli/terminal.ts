import { stripVTControlCharacters, styleText } from "node:util";

/** Columns of a pipe or file, and of a terminal that does not tell. */
const DEFAULT_COLUMNS = 80;
/** Narrowest and widest text, in columns: lines that are longer are hard to read. */
const MIN_COLUMNS = 40;
const MAX_COLUMNS = 100;

/** A style of `util.styleText`. */
export type Style = "bold" | "cyan" | "dim" | "green" | "red" | "yellow";

/** Where text for people goes. */
export interface Terminal {
  columns: number;
  /** Whether styles are visible: in a terminal, without NO_COLOR. */
  styled: boolean;
  /** Styles each word by itself, so that the text can be wrapped afterwards. */
  style(style: Style, text: string): string;
}

export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  // Respects NO_COLOR, FORCE_COLOR and TERM, and leaves the text of a pipe as it is.
  const paint = (style: Style, text: string) => styleText(style, text, { stream });
  return {
    // Some terminals say 0.
    columns: Math.min(Math.max(stream.columns || DEFAULT_COLUMNS, MIN_COLUMNS), MAX_COLUMNS),
    styled: paint("bold", "x") !== "x",
    style: (style, text) => text.replaceAll(/[^ ]+/g, (word) => paint(style, word)),
  };
}

/** Breaks a text at its blanks. `first` begins the first line, and as many blanks each further one, unless `rest` does. */
export function wrap(
  text: string,
  columns: number,
  first = "",
  rest: string = " ".repeat(visibleLength(first)),
): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ").filter((part) => part !== "")) {
    if (!isEmpty && visibleLength(line) + 1 + visibleLength(word) > columns) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}

/** Colors what stands in backticks. Without colors, the backticks stay. */
export function shownCode(text: string, { styled, style }: Terminal): string {
  return text.replaceAll(/`([^`]+)`/g, (quoted, code: string) => (styled ? style("cyan", code) : quoted));
}

/** Length without styles, in characters. */
export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
