import { type Command, CommandParser } from "./command-parser.js";
import { COMMAND_LIMITS } from "./limits.js";

export type ReaderEvent =
  | { kind: "command"; command: Command }
  /** The client waits for a continuation request before it sends a literal. */
  | { kind: "continue" }
  /** The line requested with `expectLine`. */
  | { kind: "line"; line: string }
  | { kind: "bad"; tag: string; reason: string }
  /** The start of the next command cannot be found, so the connection must be closed. */
  | { kind: "fatal"; reason: string };

const CARRIAGE_RETURN = 13;
const NOTHING = Buffer.alloc(0);

/** Splits the received bytes into commands. */
export class CommandReader {
  /** Received and not read yet: a view of `#room`, which doubles when full so that appending does not always copy. */
  #bytes = NOTHING;
  #room = NOTHING;
  /** Number of bytes already searched for a line end. */
  #scanned = 0;
  #parser = new CommandParser();
  #literalBytes = 0;
  #literals = 0;
  #expectsLine = false;

  /** The next line belongs to the current command (AUTHENTICATE). */
  expectLine(): void {
    this.#expectsLine = true;
  }

  /** RFC 3501, 6.2.1: input received before TLS must be discarded. */
  discard(): void {
    this.#take(this.#bytes.length);
    this.#reset();
  }

  push(chunk: Buffer): void {
    const kept = this.#bytes.length;
    const start = kept === 0 ? 0 : this.#bytes.byteOffset - this.#room.byteOffset;
    const length = kept + chunk.length;
    if (start + length <= this.#room.length) {
      chunk.copy(this.#room, start + kept);
      this.#bytes = this.#room.subarray(start, start + length);
    } else {
      this.#room = Buffer.allocUnsafeSlow(2 * length);
      this.#bytes.copy(this.#room);
      chunk.copy(this.#room, kept);
      this.#bytes = this.#room.subarray(0, length);
    }
  }

  /** The next event, or undefined if more bytes are needed. */
  next(): ReaderEvent | undefined {
    if (this.#literalBytes > 0) {
      if (this.#bytes.length < this.#literalBytes) return undefined;
      this.#parser.literal(this.#take(this.#literalBytes).toString("utf8"));
      this.#literalBytes = 0;
    }
    const end = this.#bytes.indexOf("\n", this.#scanned);
    const size = end === -1 ? this.#bytes.length : end;
    // A carriage return belongs to the line end, even if the line feed has not arrived yet.
    const text = this.#bytes[size - 1] === CARRIAGE_RETURN ? size - 1 : size;
    if (text > COMMAND_LIMITS.lineBytes) return { kind: "fatal", reason: "Line too long" };
    this.#scanned = size;
    if (end === -1) return undefined;
    const line = this.#take(end + 1).toString("utf8", 0, text);
    if (this.#expectsLine) {
      this.#expectsLine = false;
      return { kind: "line", line };
    }
    return this.#readLine(line);
  }

  #readLine(line: string): ReaderEvent | undefined {
    const announced = /\{(\d+)(\+?)\}$/.exec(line);
    if (announced === null) {
      const parser = this.#parser;
      parser.text(line);
      this.#reset();
      return parser.finish();
    }
    const size = Number(announced[1]);
    const waits = announced[2] === "";
    this.#literals += 1;
    if (size > COMMAND_LIMITS.literalBytes || this.#literals > COMMAND_LIMITS.literals) {
      if (!waits) return { kind: "fatal", reason: "Literal too long" };
      const { tag } = this.#parser.text(line.slice(0, announced.index));
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
    this.#scanned = 0;
    if (this.#bytes.length === 0) this.#bytes = this.#room = NOTHING;
    return taken;
  }

  #reset(): void {
    this.#parser = new CommandParser();
    this.#literalBytes = 0;
    this.#literals = 0;
    this.#expectsLine = false;
  }
}
