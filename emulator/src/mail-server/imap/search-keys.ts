import { decodeWords } from "postal-mime";
import type { StoredMessage } from "../mailbox-store.js";
import { type Argument, textOf } from "./command-parser.js";
import { MONTHS } from "./format.js";
import { type HeaderField, headerValue } from "./message.js";
import { parseSequenceSet } from "./sequence-set.js";

/** A message that a search looks at. */
export interface Candidate {
  message: StoredMessage;
  /** Its number in the folder. */
  sequence: number;
  /** The fields of its header. */
  fields(): readonly HeaderField[];
}

/** Decides whether a message fits. */
export type SearchTest = (candidate: Candidate) => boolean;

/** A search that cannot be understood, or that this server does not play. */
export class SearchError extends Error {
  constructor(
    readonly kind: "bad" | "no",
    message: string,
  ) {
    super(message);
  }
}

/** The last number and the last UID of a folder, which `*` stands for. */
export interface Last {
  sequence: number;
  uid: number;
}

/** Parses the keys of RFC 3501, 6.4.4, except BODY and TEXT. A message must fit all of them. */
export function parseSearch(args: readonly Argument[], last: Last): SearchTest {
  const reader = new KeyReader(args, last);
  const tests = reader.all();
  return (candidate) => tests.every((fits) => fits(candidate));
}

/** Reads one key after the other from a list of arguments. The command parser bounds their number and nesting. */
class KeyReader {
  readonly last: Last;
  readonly #args: readonly Argument[];
  #next = 0;

  constructor(args: readonly Argument[], last: Last) {
    this.#args = args;
    this.last = last;
  }

  all(): SearchTest[] {
    const tests: SearchTest[] = [];
    while (this.#next < this.#args.length) tests.push(this.key());
    if (tests.length === 0) throw new SearchError("bad", "Expected search keys");
    return tests;
  }

  key(): SearchTest {
    const argument = this.#args[this.#next];
    if (argument?.kind === "list") {
      this.#next += 1;
      return parseSearch(argument.items, this.last);
    }
    const name = this.text().toUpperCase();
    if (Object.hasOwn(KEYS, name)) return KEYS[name]?.(this) ?? never;
    return this.set(name, ({ sequence }) => sequence, this.last.sequence);
  }

  text(): string {
    const text = textOf(this.#args[this.#next]);
    if (text === undefined) throw new SearchError("bad", "Expected another argument");
    this.#next += 1;
    return text;
  }

  number(): number {
    const text = this.text();
    if (!/^\d{1,10}$/.test(text)) throw new SearchError("bad", "Expected a number");
    return Number(text);
  }

  /** A date such as 1-Feb-2026, as a number of days. */
  day(): number {
    const [, day, month, year] = /^(\d{1,2})-([a-z]{3})-(\d{4})$/i.exec(this.text()) ?? [];
    const days = dayOf(day, month, year);
    if (days === undefined) throw new SearchError("bad", "Expected a date");
    return days;
  }

  set(text: string, numberOf: (candidate: Candidate) => number, last: number): SearchTest {
    const numbers = parseSequenceSet(text, last);
    if (numbers === undefined) throw new SearchError("bad", "Unknown search key");
    return (candidate) => numbers.has(numberOf(candidate));
  }
}

const KEYS: Readonly<Record<string, (reader: KeyReader) => SearchTest>> = {
  ALL: () => always,
  // No message is \Recent here: the number of recent ones is always 0.
  NEW: () => never,
  OLD: () => always,
  RECENT: () => never,
  ...flagKeys("ANSWERED", "\\Answered"),
  ...flagKeys("DELETED", "\\Deleted"),
  ...flagKeys("DRAFT", "\\Draft"),
  ...flagKeys("FLAGGED", "\\Flagged"),
  ...flagKeys("SEEN", "\\Seen"),
  KEYWORD: (reader) => hasFlag(reader.text()),
  UNKEYWORD: (reader) => not(hasFlag(reader.text())),
  BEFORE: (reader) => received(reader, (day, wanted) => day < wanted),
  ON: (reader) => received(reader, (day, wanted) => day === wanted),
  SINCE: (reader) => received(reader, (day, wanted) => day >= wanted),
  SENTBEFORE: (reader) => sent(reader, (day, wanted) => day < wanted),
  SENTON: (reader) => sent(reader, (day, wanted) => day === wanted),
  SENTSINCE: (reader) => sent(reader, (day, wanted) => day >= wanted),
  FROM: (reader) => header("From", reader.text()),
  TO: (reader) => header("To", reader.text()),
  CC: (reader) => header("Cc", reader.text()),
  BCC: (reader) => header("Bcc", reader.text()),
  SUBJECT: (reader) => header("Subject", reader.text()),
  HEADER: (reader) => header(reader.text(), reader.text()),
  LARGER: (reader) => size(reader, (bytes, bound) => bytes > bound),
  SMALLER: (reader) => size(reader, (bytes, bound) => bytes < bound),
  UID: (reader) => reader.set(reader.text(), ({ message }) => message.uid, reader.last.uid),
  NOT: (reader) => not(reader.key()),
  OR: (reader) => {
    const [one, other] = [reader.key(), reader.key()];
    return (candidate) => one(candidate) || other(candidate);
  },
  BODY: notPlayed,
  TEXT: notPlayed,
};

function always(): boolean {
  return true;
}

function never(): boolean {
  return false;
}

function not(test: SearchTest): SearchTest {
  return (candidate) => !test(candidate);
}

function flagKeys(name: string, flag: string): Record<string, () => SearchTest> {
  return { [name]: () => hasFlag(flag), [`UN${name}`]: () => not(hasFlag(flag)) };
}

function hasFlag(flag: string): SearchTest {
  return ({ message }) => message.flags.has(flag);
}

type Compare = (actual: number, wanted: number) => boolean;

function received(reader: KeyReader, compare: Compare): SearchTest {
  const wanted = reader.day();
  return ({ message }) => compare(Math.floor(message.received.getTime() / DAY_MS), wanted);
}

/** RFC 3501: the day as the message writes it, whatever its time zone. */
function sent(reader: KeyReader, compare: Compare): SearchTest {
  const wanted = reader.day();
  return ({ fields }) => {
    const date = headerValue(fields(), "Date") ?? "";
    const [, day, month, year] = /(\d{1,2}) ([a-z]{3}) (\d{4})/i.exec(date) ?? [];
    const days = dayOf(day, month, year);
    return days !== undefined && compare(days, wanted);
  };
}

/** A part of a field's value, in any case; an empty part fits each message that has the field. */
function header(name: string, part: string): SearchTest {
  const [wantedName, wantedPart] = [name.toUpperCase(), part.toLowerCase()];
  return ({ fields }) =>
    fields().some((field) => {
      if (field.name.toUpperCase() !== wantedName) return false;
      return decodeWords(inUtf8(field.value)).toLowerCase().includes(wantedPart);
    });
}

/** A value of a header in UTF-8 (RFC 6532), which is read as Latin-1. */
function inUtf8(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8");
}

function size(reader: KeyReader, compare: Compare): SearchTest {
  const bound = reader.number();
  return ({ message }) => compare(message.raw.length, bound);
}

function notPlayed(): never {
  throw new SearchError("no", "[CANNOT] This server does not search in bodies");
}

const DAY_MS = 86_400_000;

function dayOf(day: string | undefined, month = "", year: string | undefined): number | undefined {
  const index = MONTHS.findIndex((name) => name.toLowerCase() === month.toLowerCase());
  return index === -1 ? undefined : Date.UTC(Number(year), index, Number(day)) / DAY_MS;
}
