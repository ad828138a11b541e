import * as fc from "fast-check";
import type { Argument, Command } from "../../../emulator/src/mail-server/imap/command-parser.js";
import { COMMAND_LIMITS } from "../../../emulator/src/mail-server/imap/limits.js";

/** An argument and its encoding on the wire. */
export type Written =
  | { kind: "atom"; text: string }
  | { kind: "quoted" | "literal" | "literal+"; text: string }
  | { kind: "list"; items: Written[] };

export interface WrittenCommand {
  tag: string;
  name: string;
  args: Written[];
  lineEnd: "\r\n" | "\n";
}

/** Deepest nesting of lists that stays below the parser's other limits. */
const DEPTH = 4;
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];
const TAG = [...LETTERS, ..."!#$&',-./:;<=>?@^_`|}~"];
/** Characters of atoms: flags (backslash), sets (star, colon), partial sections (angle brackets), and non-ASCII letters. */
const ATOM = [...TAG, ..."+*\\%:äß漢😀"];

const text = fc.string({ unit: "binary", maxLength: 24 });
const word = (letters: readonly string[]) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 });
const section = fc
  .tuple(fc.constantFrom("BODY", "BODY.PEEK"), fc.constantFrom("", "TEXT", "HEADER.FIELDS (TO CC)", '"('))
  .map(([item, part]) => `${item}[${part}]`);

const { argument } = fc.letrec<{ argument: Written; list: Written }>((tie) => ({
  argument: fc.oneof(
    { depthSize: "small", maxDepth: DEPTH, withCrossShrink: true },
    fc.record({ kind: fc.constant("atom" as const), text: fc.oneof(word(ATOM), section) }),
    fc.record({ kind: fc.constant("quoted" as const), text: text.map((raw) => raw.replace(/[\r\n\0]/g, " ")) }),
    fc.record({ kind: fc.constantFrom("literal" as const, "literal+" as const), text }),
    tie("list"),
  ),
  list: fc.record({ kind: fc.constant("list" as const), items: fc.array(tie("argument"), { maxLength: 4 }) }),
}));

export const writtenCommand: fc.Arbitrary<WrittenCommand> = fc
  .record({
    tag: word(TAG),
    // The command name after UID belongs to it; another test covers that.
    name: word(LETTERS).filter((name) => name.toUpperCase() !== "UID"),
    args: fc.array(argument, { maxLength: 6 }),
    lineEnd: fc.constantFrom("\r\n" as const, "\n" as const),
  })
  .filter(({ args }) => args.reduce((sum, written) => sum + literalsIn(written), 0) <= COMMAND_LIMITS.literals);

export function encode({ tag, name, args, lineEnd }: WrittenCommand): Buffer {
  return Buffer.from([tag, name, ...args.map((written) => encodeArgument(written, lineEnd))].join(" ") + lineEnd);
}

/** The expected result of the parser. */
export function meant({ tag, name, args }: WrittenCommand): Command {
  return { tag, name: name.toUpperCase(), args: args.map(meantArgument) };
}

/** Synchronizing literals: the client must wait for the server's continuation. */
export function waitsIn({ args }: WrittenCommand): number {
  return args.reduce((sum, written) => sum + count(written, (kind) => kind === "literal"), 0);
}

/** Fragments of commands, valid and broken, in any order. They reach more of the parser than random bytes. */
export const rubbish: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      { arbitrary: fc.constantFrom("(", ")", '"', "\\", "[", "]", "{", "}", " ", "\r", "\n", "\r\n", "\0"), weight: 4 },
      fc.constantFrom("{0}", "{1+}", "{3}\r\n", "{12+}\r\n", "{4097}\r\n", "{4097+}\r\n", "{99999999999999999999}\r\n"),
      fc.constantFrom("a1 NOOP\r\n", 'a2 LOGIN "x" y\r\n', "a3 AUTHENTICATE PLAIN\r\n", "a4 UID FETCH 1 (UID)\r\n"),
      word(ATOM),
      text,
      fc.constantFrom("(".repeat(20), "x ".repeat(200), "a".repeat(COMMAND_LIMITS.lineBytes - 2)),
    ),
    { maxLength: 40 },
  )
  .chain((parts) =>
    fc.tuple(fc.constant(Buffer.from(parts.join(""))), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })),
  )
  .map(([bytes, flips]) => {
    // Include bytes that are not valid in UTF-8.
    for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });

/** Splits a stream into packets of these sizes, in turn. After `most` packets, the rest is one packet. */
export function packets(bytes: Buffer, sizes: readonly number[], most = Number.POSITIVE_INFINITY): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes.length === 0 || index >= most ? bytes.length : (sizes[index % sizes.length] ?? 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function encodeArgument(written: Written, lineEnd: string): string {
  switch (written.kind) {
    case "atom":
      return written.text;
    case "quoted":
      return `"${written.text.replace(/["\\]/g, "\\$&")}"`;
    case "literal":
      return `{${Buffer.byteLength(written.text)}}${lineEnd}${written.text}`;
    case "literal+":
      return `{${Buffer.byteLength(written.text)}+}${lineEnd}${written.text}`;
    case "list":
      return `(${written.items.map((item) => encodeArgument(item, lineEnd)).join(" ")})`;
  }
}

function meantArgument(written: Written): Argument {
  if (written.kind === "list") return { kind: "list", items: written.items.map(meantArgument) };
  return { kind: written.kind === "atom" ? "atom" : "string", text: written.text };
}

function literalsIn(written: Written): number {
  return count(written, (kind) => kind.startsWith("literal"));
}

function count(written: Written, counts: (kind: string) => boolean): number {
  const inside = written.kind === "list" ? written.items.reduce((sum, item) => sum + count(item, counts), 0) : 0;
  return inside + (counts(written.kind) ? 1 : 0);
}
