import { stripVTControlCharacters } from "node:util";

/** Shown in place of a secret. */
const MASK = "[secret]";
/**
 * Shortest secret, in characters, that is masked inside words too. Shorter ones occur in ordinary words: masking them there
 * would garble the text and reveal their letters. They are masked only as separate words, between blanks, quotes or other
 * punctuation.
 */
const MIN_LENGTH_INSIDE_WORDS = 4;
/** Characters processed of an external text. A body may be megabytes long, but no message shows that much of it. */
export const MAX_READ_LENGTH = 16_000;
/** Longest run of backslashes before an escaped character, and of `25` in a repeated percent-encoding. */
const MAX_ESCAPE_DEPTH = 4;

/** The secrets that this process has sent or may send; masked in every text. */
const known = new Set<string>();

/** Registers secrets, which are masked in every text from then on. Ignores empty ones. */
export function keepSecret(...secrets: readonly string[]): void {
  for (const secret of secrets) if (secret !== "") known.add(secret);
}

/**
 * Prepares an external text for a terminal or log. Everything that a server says in words goes through this function where it
 * enters. It masks secrets, removes control, format and bidirectional characters and ANSI sequences, joins the lines, and
 * truncates to `maxLength` characters.
 */
export function cleaned(text: string, maxLength: number, secrets: readonly string[] = []): string {
  return cleanedBy(redact, text, maxLength, secrets);
}

/** Prepares a sentence of this package that quotes cleaned texts and values, as `cleaned` does, but see `redactSentence`. */
export function cleanedSentence(text: string, maxLength: number): string {
  return cleanedBy(redactSentence, text, maxLength, []);
}

function cleanedBy(mask: typeof redact, text: string, maxLength: number, secrets: readonly string[]): string {
  const read = text.slice(0, MAX_READ_LENGTH);
  // Mask before and after removing characters: the removal may complete a secret, or damage one.
  let clean = mask(oneLine(mask(read, secrets)), secrets);
  // Truncation to `MAX_READ_LENGTH` may leave the beginning of a secret at the end, which no pattern finds.
  if (read.length < text.length) clean = clean.slice(0, Math.max(0, clean.length - longestForm(secrets)));
  // Do not end with half of a surrogate pair.
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1).replace(/\p{Cs}$/u, "")}…` : clean;
}

/** Joins the lines, and removes invisible characters and those that control a terminal. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\s\u0085]+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "")
    .trim();
}

/**
 * Masks these secrets and all registered ones: plain, percent-encoded, as form data, JSON-escaped, as UTF-8 decoded as
 * Latin-1, and inside base64, which SASL PLAIN and basic authentication use.
 */
export function redact(text: string, secrets: readonly string[]): string {
  return maskAll(text, [...new Set([...secrets, ...known])]);
}

function maskAll(text: string, secrets: readonly string[]): string {
  const finders = secrets.filter((secret) => secret !== "").map(finderOf);
  if (finders.length === 0) return text;
  const tokens = base64Tokens(text);
  const found = finders.flatMap(({ occurrences, isIn }) => [...occurrences(text), ...tokens.filter(isIn)]);
  return found.length === 0 ? text : masked(text, found);
}

/**
 * Masks secrets in a sentence of this package, except those that could be words of it: whoever knows the sentence would read such a
 * secret from the gap. What a server said is masked where it enters, by `cleaned`.
 */
export function redactSentence(text: string, secrets: readonly string[]): string {
  return maskAll(
    text,
    [...new Set([...secrets, ...known])].filter((secret) => !couldBeOurs(secret)),
  );
}

/** Words and numbers. What has letters and digits in one word is no ordinary word. */
function couldBeOurs(secret: string): boolean {
  return /^(?:\p{L}+|\p{N}+)(?:[ '-]+(?:\p{L}+|\p{N}+))*$/u.test(secret.trim());
}

interface Range {
  start: number;
  end: number;
}

/** A part of a text that may be base64, with its decodings. */
interface Token extends Range {
  /** The whole token decoded; empty if it is not base64 of a UTF-8 text. */
  whole: string;
  /** Readable decodings from offsets 0 to 3: behind a prefix, base64's groups of four characters start at any of them. */
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
  // Servers trim and normalize what they echo.
  const variants = [secret, secret.trim(), secret.normalize("NFC"), secret.normalize("NFD"), secret.normalize("NFKC")];
  const spellings = [...new Set([...variants, oneLine(secret)])].filter((spelling) => spelling !== "");
  const inside = spellings.filter((spelling) => !isShort(spelling));
  // In base64, a short secret counts only alone, or after the user name of SASL PLAIN or basic authentication.
  const alone = spellings.filter(isShort);
  const patterns = new Map<string, RegExp>();
  // A run may have thousands of passwords. Compiling a pattern takes far longer than checking that it cannot match.
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

/** Whether any of the forms of `formsOf` can occur. Without `%`, `\` and `+`, only the plain and Latin-1 forms can. */
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

/** All encodings of a character, as regular expressions. A server may encode each character of a secret differently. */
function formsOf(character: string): string[] {
  const utf8 = Buffer.from(character, "utf8");
  const backslashes = `\\\\{1,${MAX_ESCAPE_DEPTH}}`;
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  const escaped = JSON.stringify(character).slice(1, -1);
  return [
    literal(character),
    // Node decodes headers as Latin-1.
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

/** All matches, including overlapping ones, so that no part of two overlapping secrets remains. */
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
    // Most ordinary words are not base64 of a text.
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
  // Do not mask a part of a `[secret]` that an earlier pass has left.
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

/** Upper bound of a secret's encoded length, in characters: percent-encoding is the longest, and UTF-8 has up to three bytes for each. */
function longestForm(secrets: readonly string[]): number {
  const perCharacter = 3 * ("%00".length + "25".length * MAX_ESCAPE_DEPTH);
  return Math.max(0, ...[...secrets, ...known].map((secret) => secret.length)) * perCharacter;
}
