import { stripVTControlCharacters } from "node:util";

/** Shown in place of a secret. */
const MASK = "[secret]";
/**
 * Shortest secret, in characters, that is masked inside of words too. Passwords of one to three letters occur in ordinary
 * words: masking them there would garble the text and tell the reader which letters they are. They are masked where they
 * stand as a word of their own, between blanks, quotes or other punctuation.
 */
const MIN_LENGTH_INSIDE_WORDS = 4;
/** Read of a text from outside, in characters: a body may be megabytes long, and no text is shown at such a length. */
export const MAX_READ_LENGTH = 16_000;
/** Longest run of backslashes before an escaped character, and of `25` in a repeated percent-encoding. */
const MAX_ESCAPE_DEPTH = 4;

/** The secrets that this process has sent or may send. */
const known = new Set<string>();

/** Has the values masked in every text from here on, whoever shows it. Empty ones are ignored. */
export function keepSecret(...secrets: readonly string[]): void {
  for (const secret of secrets) if (secret !== "") known.add(secret);
}

/**
 * Prepares a text from outside for a terminal or log: every value from a server's answer that is shown goes through this
 * function. Masks the secrets, removes control, format and bidirectional characters and ANSI sequences, makes it one line,
 * and cuts it at `maxLength` characters.
 */
export function cleaned(text: string, maxLength: number, secrets: readonly string[] = []): string {
  const read = text.slice(0, MAX_READ_LENGTH);
  // Before and after: the removal may put a secret together, or take characters out of one.
  let clean = redact(oneLine(redact(read, secrets)), secrets);
  // The first cut may have left the beginning of a secret at the end.
  if (read.length < text.length) clean = clean.slice(0, Math.max(0, clean.length - longestForm(secrets)));
  // Without half a character.
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1).replace(/\p{Cs}$/u, "")}…` : clean;
}

/** The text in one line, without characters that a terminal acts on or that nobody sees. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\s\u0085]+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "")
    .trim();
}

/**
 * The text with these and all kept secrets masked: plain, percent-encoded, as form data, JSON-escaped, as UTF-8 read as
 * Latin-1, and inside of base64, where SASL PLAIN and basic authentication put them.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const finders = [...new Set([...secrets, ...known])].filter((secret) => secret !== "").map(finderOf);
  if (finders.length === 0) return text;
  const tokens = base64Tokens(text);
  const found = finders.flatMap(({ occurrences, isIn }) => [...occurrences(text), ...tokens.filter(isIn)]);
  return found.length === 0 ? text : masked(text, found);
}

interface Range {
  start: number;
  end: number;
}

/** A part of a text that may be base64, and what it then means. */
interface Token extends Range {
  /** Decoded from the token's beginning. */
  whole: string;
  /** Readable decodings, from each of the four places where a quantum may begin: the token may have a prefix. */
  readings: string[];
}

interface Finder {
  occurrences(text: string): Range[];
  isIn(token: Token): boolean;
}

const finders = new Map<string, Finder>();

function finderOf(secret: string): Finder {
  let finder = finders.get(secret);
  if (finder === undefined) {
    finder = createFinder(secret);
    finders.set(secret, finder);
  }
  return finder;
}

function createFinder(secret: string): Finder {
  // Servers trim, normalize and clean what they echo.
  const variants = [secret, secret.trim(), secret.normalize("NFC"), secret.normalize("NFD"), secret.normalize("NFKC")];
  const spellings = [...new Set([...variants, oneLine(secret)])].filter((spelling) => spelling !== "");
  const inside = spellings.filter((spelling) => !isShort(spelling));
  // Alone, or after the user name of SASL PLAIN or basic authentication.
  const alone = spellings.filter(isShort);
  const patterns = new Map<string, RegExp>();
  // A run may have thousands of passwords, and a pattern takes far longer to compile than to rule out.
  const find = (text: string, spelling: string): Range[] => {
    if (!mayContain(text, spelling)) return [];
    const pattern = patterns.get(spelling) ?? patternOf(spelling);
    patterns.set(spelling, pattern);
    return occurrences(text, pattern);
  };
  return {
    occurrences: (text) => spellings.flatMap((spelling) => find(text, spelling)),
    isIn: ({ whole, readings }) =>
      alone.some((short) => whole === short || whole.endsWith(`\0${short}`) || whole.endsWith(`:${short}`)) ||
      inside.some((spelling) => readings.some((reading) => find(reading, spelling).length > 0)),
  };
}

/** Whether one of the forms of `formsOf` may occur: without their signs, only the plain one can. */
function mayContain(text: string, spelling: string): boolean {
  if (text.includes(spelling) || /[%\\+]/.test(text)) return true;
  return /[^ -~]/.test(spelling) && /[^ -~]/.test(text);
}

function isShort(secret: string): boolean {
  return [...secret].length < MIN_LENGTH_INSIDE_WORDS;
}

function patternOf(secret: string): RegExp {
  const forms = [...secret].map((character) => `(?:${formsOf(character).join("|")})`).join("");
  return new RegExp(isShort(secret) ? `(?<![\\p{L}\\p{N}])${forms}(?![\\p{L}\\p{N}])` : forms, "gu");
}

/** Every way to write a character, as regular expressions; a server need not choose the same one for each. */
function formsOf(character: string): string[] {
  const utf8 = Buffer.from(character, "utf8");
  const backslashes = `\\\\{1,${MAX_ESCAPE_DEPTH}}`;
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  const escaped = JSON.stringify(character).slice(1, -1);
  return [
    literal(character),
    // Node reads headers as Latin-1.
    literal(utf8.toString("latin1")),
    [...utf8].map((byte) => `%(?:25){0,${MAX_ESCAPE_DEPTH}}${hexadecimal(byte, 2)}`).join(""),
    units.map((unit) => `${backslashes}u${hexadecimal(unit, 4)}`).join(""),
    ...(escaped.length === 2 || character === "/" ? [`${backslashes}${literal(escaped.slice(-1))}`] : []),
    ...(character === " " ? ["\\+"] : []),
  ];
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function hexadecimal(value: number, digits: number): string {
  const hex = value.toString(16).padStart(digits, "0");
  return hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** Overlapping ones too: of two secrets that share characters, neither's rest may stay. */
function occurrences(text: string, pattern: RegExp): Range[] {
  const found: Range[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    found.push({ start: match.index, end: match.index + match[0].length });
    pattern.lastIndex = match.index + ((text.codePointAt(match.index) ?? 0) > 0xffff ? 2 : 1);
  }
  pattern.lastIndex = 0;
  return found;
}

function base64Tokens(text: string): Token[] {
  const characters = /(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\\/){2,}(?:=|%3[Dd]){0,2}/g;
  return [...text.matchAll(characters)].flatMap((match) => {
    const base64 = match[0]
      .replaceAll(/%2b/gi, "+")
      .replaceAll(/%2f|\\\//gi, "/")
      .replaceAll(/(?:=|%3d)+$/gi, "");
    const decodings = [0, 1, 2, 3].map((offset) => Buffer.from(base64.slice(offset), "base64").toString("utf8"));
    // Ordinary words do not decode to text.
    const readings = decodings.filter((decoded) => /[^\ufffd]{4}/u.test(decoded));
    const [first = ""] = decodings;
    const isCanonical =
      Buffer.from(first, "utf8").toString("base64url") === base64.replaceAll("+", "-").replaceAll("/", "_");
    if (readings.length === 0 && !isCanonical) return [];
    return [{ start: match.index, end: match.index + match[0].length, whole: isCanonical ? first : "", readings }];
  });
}

function masked(text: string, found: readonly Range[]): string {
  const masks = [...text.matchAll(/\[secret\]/g)].map(({ index }) => ({ start: index, end: index + MASK.length }));
  // A second pass over a masked text must not mask the mask.
  const hidden = found.filter((range) => !masks.some(({ start, end }) => range.start >= start && range.end <= end));
  let result = "";
  let at = 0;
  for (const { start, end } of hidden.toSorted((a, b) => a.start - b.start)) {
    if (end <= at) continue;
    if (start >= at) result += text.slice(at, start) + MASK;
    at = end;
  }
  return result + text.slice(at);
}

/** Length of the longest text that a secret's forms can take, in characters. */
function longestForm(secrets: readonly string[]): number {
  const perCharacter = 12 + 2 * MAX_ESCAPE_DEPTH;
  return Math.max(0, ...[...secrets, ...known].map((secret) => secret.length)) * perCharacter;
}
