import { type Command, CommandParser } from "./command-parser.js";

/** One command line, literals apart. */
const MAX_LINE_BYTES = 8_192;
/** Enough for credentials; nothing this server takes is longer. */
const MAX_LITERAL_BYTES = 4_096;
/** Literals of one command: more than any command here has. */
const MAX_LITERALS = 8;

export type ReaderEvent =
  | { kind: "command"; command: Command }
  /** The client waits for leave to send a literal. */
  | { kind: "continue" }
  /** The answer to a continuation that was asked for with `expectLine`. */
  | { kind: "line"; line: string }
  | { kind: "bad"; tag: string; reason: string }
  /** No way to find the next command: the connection has to end. */
  | { kind: "fatal"; reason: string };

/** Cuts the received bytes into commands. */
export class CommandReader {
  #bytes = Buffer.alloc(0);
  #parser = new CommandParser();
  #literalBytes = 0;
  #literals = 0;
  #expectsLine = false;

  /** The next line belongs to the command that is under way (AUTHENTICATE). */
  expectLine(): void {
    this.#expectsLine = true;
  }

  /** RFC 3501, 6.2.1: what came in before TLS must not count after it. */
  discard(): void {
    this.#bytes = Buffer.alloc(0);
    this.#reset();
  }

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }

  /** The next event, or undefined until more bytes come. */
  next(): ReaderEvent | undefined {
    if (this.#literalBytes > 0) {
      if (this.#bytes.length < this.#literalBytes) return undefined;
      this.#parser.literal(this.#take(this.#literalBytes).toString("utf8"));
      this.#literalBytes = 0;
    }
    const end = this.#bytes.indexOf("\n");
    if (end === -1) {
      return this.#bytes.length > MAX_LINE_BYTES ? { kind: "fatal", reason: "Line too long" } : undefined;
    }
    if (end > MAX_LINE_BYTES) return { kind: "fatal", reason: "Line too long" };
    const line = this.#take(end + 1)
      .toString("utf8")
      .replace(/\r?\n$/, "");
    if (this.#expectsLine) {
      this.#expectsLine = false;
      return { kind: "line", line };
    }
    return this.#readLine(line);
  }

  #readLine(line: string): ReaderEvent | undefined {
    const announced = /\{(\d{1,10})(\+?)\}$/.exec(line);
    if (announced === null) {
      const parser = this.#parser;
      parser.text(line);
      this.#reset();
      return parser.finish();
    }
    const size = Number(announced[1]);
    const waits = announced[2] === "";
    this.#literals += 1;
    if (size > MAX_LITERAL_BYTES || this.#literals > MAX_LITERALS) {
      if (!waits) return { kind: "fatal", reason: "Literal too long" };
      const { tag } = this.#parser.text(line);
      this.#reset();
      return { kind: "bad", tag, reason: "Literal too long" };
    }
    this.#parser.text(line.slice(0, announced.index));
    if (size === 0) this.#parser.literal("");
    this.#literalBytes = size;
    return waits ? { kind: "continue" } : this.next();
  }

  #take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  #reset(): void {
    this.#parser = new CommandParser();
    this.#literalBytes = 0;
    this.#literals = 0;
    this.#expectsLine = false;
  }
}
