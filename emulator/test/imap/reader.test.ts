import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Argument } from "../../../emulator/src/mail-server/imap/command-parser.js";
import { CommandReader, type ReaderEvent } from "../../../emulator/src/mail-server/imap/command-reader.js";
import { COMMAND_LIMITS } from "../../../emulator/src/mail-server/imap/limits.js";
import { encode, meant, packets, rubbish, waitsIn, writtenCommand } from "./grammar.js";

const { lineBytes, literalBytes, literals, depth, args } = COMMAND_LIMITS;
const RUNS = { seed: 20_261_123, numRuns: 500 };
/** Longest time for one line, in milliseconds. A regular expression that backtracks takes far longer. */
const HANG_MS = 5_000;

const splits = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 });

/** The reader's events for these packets, until it reports an error. */
function read(pieces: readonly Buffer[]): ReaderEvent[] {
  const reader = new CommandReader();
  const events: ReaderEvent[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      events.push(event);
      if (event.kind === "fatal") return events;
      if (event.kind === "command" && event.command.name === "AUTHENTICATE") reader.expectLine();
    }
  }
  return events;
}

function readText(text: string): ReaderEvent[] {
  return read([Buffer.from(text)]);
}

/** The event that ends a command with literals. */
function outcome(text: string): string {
  const last = readText(text).findLast(({ kind }) => kind !== "continue");
  return last === undefined ? "nothing" : "reason" in last ? `${last.kind}: ${last.reason}` : last.kind;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the command reader", () => {
  it("reads back every value that a client can write as an atom, quoted, as a literal or in lists", () => {
    fc.assert(
      fc.property(fc.array(writtenCommand, { minLength: 1, maxLength: 4 }), splits, (commands, sizes) => {
        const events = read(packets(Buffer.concat(commands.map(encode)), sizes));
        const understood = events.flatMap((event) => (event.kind === "command" ? [event.command] : []));
        expect(understood).toEqual(commands.map(meant));
        const waits = commands.reduce((sum, command) => sum + waitsIn(command), 0);
        expect(events.filter(({ kind }) => kind === "continue")).toHaveLength(waits);
        expect(events).toHaveLength(commands.length + waits);
      }),
      RUNS,
    );
  });

  it("reads the same however the bytes are split into packets, and refuses rubbish without throwing", () => {
    let refused = 0;
    fc.assert(
      fc.property(rubbish, splits, (bytes, sizes) => {
        const whole = read([bytes]);
        expect(read(packets(bytes, sizes))).toEqual(whole);
        expect(read(packets(bytes, [1]))).toEqual(whole);
        for (const event of whole) {
          if (event.kind !== "bad") continue;
          refused += 1;
          expect(event.tag).toMatch(/^(?:\*|[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+)$/);
        }
      }),
      { ...RUNS, numRuns: 1500 },
    );
    expect(refused, "rubbish that was refused").toBeGreaterThan(1000);
  });

  it("takes the word behind UID into the command's name", () => {
    const set: Argument = { kind: "atom", text: "1:*" };
    const command = { tag: "a", name: "UID FETCH", args: [set, { kind: "list", items: [] }] };
    expect(readText("a uid fetch 1:* ()\r\n")).toEqual([{ kind: "command", command }]);
  });

  it.each(["+", "*", "a*", "a%", "a\\\\", "\u00e4"])("does not repeat %j as a tag", (tag) => {
    expect(readText(`${tag} "\r\n`)).toMatchObject([{ kind: "bad", tag: "*" }]);
    expect(readText(`${tag} NOOP\r\n`)).toMatchObject([{ kind: "bad", tag: "*" }]);
  });

  it("forgets what came in before TLS, half a command and its literal included", () => {
    for (const before of ["a LOGIN {5+}\r\nab", "a LOGIN (", "a NOOP\r\nb NOOP\r\n", "x".repeat(lineBytes)]) {
      const reader = new CommandReader();
      reader.push(Buffer.from(before));
      reader.next();
      reader.discard();
      expect(reader.next()).toBeUndefined();
      reader.push(Buffer.from("c NOOP\r\n"));
      expect(reader.next()).toEqual({ kind: "command", command: { tag: "c", name: "NOOP", args: [] } });
    }
  });
});

describe("the bounds of a command", () => {
  const line = (bytes: number, end = "\r\n") => `a NOOP ${"x".repeat(bytes - "a NOOP ".length)}${end}`;
  const TOO_LONG = "fatal: Line too long";

  it.each(["\r\n", "\n"])("hold a line to its bytes exactly, with the line end %j", (end) => {
    expect([-1, 0, 1].map((more) => outcome(line(lineBytes + more, end)))).toEqual(["command", "command", TOO_LONG]);
  });

  it("hold a line that does not end to the same bytes", () => {
    expect([-1, 0, 1].map((more) => outcome(line(lineBytes + more, "")))).toEqual(["nothing", "nothing", TOO_LONG]);
  });

  it("hold the answer to a continuation to the same bytes", () => {
    const answers = [-1, 0, 1].map((more) => outcome(`a AUTHENTICATE PLAIN\r\n${"A".repeat(lineBytes + more)}\r\n`));
    expect(answers).toEqual(["line", "line", TOO_LONG]);
  });

  const literal = (bytes: number, plus = "") => `a X {${bytes}${plus}}\r\n${"x".repeat(bytes)}\r\n`;

  it("hold a literal to its bytes exactly", () => {
    expect([-1, 0].map((more) => outcome(literal(literalBytes + more)))).toEqual(["command", "command"]);
    expect(outcome(`a X {${literalBytes + 1}}\r\n`)).toBe("bad: Literal too long");
    expect([-1, 0, 1].map((more) => outcome(literal(literalBytes + more, "+")))).toEqual([
      "command",
      "command",
      "fatal: Literal too long",
    ]);
  });

  it.each(["4294967296", "9".repeat(10), "9".repeat(11), "9".repeat(400)])("hold a literal of {%s}", (size) => {
    expect(outcome(`a X {${size}}\r\n`)).toBe("bad: Literal too long");
    expect(outcome(`a X {${size}+}\r\nb NOOP\r\n`)).toBe("fatal: Literal too long");
  });

  it.each(["{}", "{-1}", "{1.5}", "{a}", "{1", "{ 1}", "{1 }"])("refuse %s, which announces no literal", (text) => {
    expect(readText(`a X ${text}\r\nb NOOP\r\n`)).toMatchObject([{ kind: "bad", tag: "a" }, { kind: "command" }]);
  });

  it("hold a command to its literals exactly", () => {
    const many = (count: number) => outcome(`a X${" {1+}\r\nx".repeat(count)}\r\n`);
    expect([-1, 0, 1].map((more) => many(literals + more))).toEqual(["command", "command", "fatal: Literal too long"]);
    expect(outcome(`a X${" {0+}\r\n".repeat(literals + 1)}\r\n`)).toBe("fatal: Literal too long");
  });

  it("hold lists to their depth exactly", () => {
    const nested = (levels: number) => outcome(`a X ${"(".repeat(levels)}${")".repeat(levels)}\r\n`);
    expect([-1, 0, 1].map((more) => nested(depth + more))).toEqual(["command", "command", "bad: Too many parentheses"]);
    expect(nested((lineBytes - 4) / 2)).toBe("bad: Too many parentheses");
  });

  it("hold a command to its arguments exactly, wherever they stand", () => {
    const flat = (count: number) => outcome(`a X${" x".repeat(count)}\r\n`);
    const listed = (count: number) => outcome(`a X (${"x ".repeat(count - 1)})\r\n`);
    const spread = (count: number) => outcome(`a X {1+}\r\nx${" x".repeat(count - 1)}\r\n`);
    for (const written of [flat, listed, spread]) {
      const outcomes = [-1, 0, 1].map((more) => written(args + more));
      expect(outcomes).toEqual(["command", "command", "bad: Too many arguments"]);
    }
  });
});

describe("the work of reading", () => {
  it("looks at every byte once for the line's end and copies it a few times, however slowly the line comes", () => {
    let looked = 0;
    let copied = 0;
    const { indexOf, copy } = Buffer.prototype;
    vi.spyOn(Buffer.prototype, "copy").mockImplementation(function (this: Buffer, ...asked) {
      copied += this.length;
      return Reflect.apply(copy, this, asked);
    });
    vi.spyOn(Buffer.prototype, "indexOf").mockImplementation(function (this: Buffer, ...asked) {
      const from = asked[1];
      looked += this.length - (typeof from === "number" ? from : 0);
      return Reflect.apply(indexOf, this, asked);
    });
    const bytes = Buffer.from(`a NOOP ${"x".repeat(lineBytes - 100)}\r\n`.repeat(3));
    expect(read(packets(bytes, [1]))).toHaveLength(3);
    expect(looked).toBeLessThanOrEqual(2 * bytes.length);
    expect(copied).toBeGreaterThanOrEqual(bytes.length);
    expect(copied).toBeLessThanOrEqual(3 * bytes.length);
  });

  it("takes one step for each token of a line", () => {
    let steps = 0;
    const { exec } = RegExp.prototype;
    vi.spyOn(RegExp.prototype, "exec").mockImplementation(function (this: RegExp, text) {
      if (this.sticky) steps += 1;
      return Reflect.apply(exec, this, [text]);
    });
    expect(outcome(`a X${" (x)".repeat(40)}${" ".repeat(4_000)}\r\n`)).toBe("command");
    expect(steps).toBe(2 + 3 * 40);
    steps = 0;
    expect(outcome(`a${" x".repeat(lineBytes / 2 - 1)}\r\n`)).toBe("bad: Too many arguments");
    expect(steps).toBeLessThanOrEqual(args + 3);
  });

  it.each([
    ['"', "\\"],
    ['"', '\\"'],
    ["", "["],
    ["", "a["],
    ["[", "[]"],
    ["", " "],
    ["", "\t"],
    ["", "]["],
    ["", "{"],
    ["", "{1}"],
    ["", "{9"],
    ["", "9}"],
    ["", '" "'],
    ["", "\u00e4"],
  ])(
    "does not hang on a line of %j and many %j",
    (start, repeated) => {
      const text = `a X ${start}`;
      const count = Math.floor((lineBytes - text.length) / Buffer.byteLength(repeated));
      for (let times = 0; times < 20; times++)
        expect(outcome(`${text}${repeated.repeat(count - 1)} \r\n`)).not.toBe("nothing");
    },
    HANG_MS,
  );
});
