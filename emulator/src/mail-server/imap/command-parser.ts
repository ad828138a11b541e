import { COMMAND_LIMITS } from "./limits.js";

export type Argument =
  | { kind: "atom"; text: string }
  | { kind: "string"; text: string }
  | { kind: "list"; items: Argument[] };

export interface Command {
  tag: string;
  /** Upper case; `UID` commands are `UID FETCH` and so on. */
  name: string;
  args: Argument[];
}

export type ParsedCommand = { kind: "command"; command: Command } | { kind: "bad"; tag: string; reason: string };

/** Excludes `+`, `*` and control characters: the tag is echoed, and must not turn the response into another one. */
const TAG = /^[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+$/;
/** The parser counts the tag and the name as arguments. */
const MAX_ARGS = COMMAND_LIMITS.args + 2;
/** The section of a FETCH item may contain blanks, as in BODY[HEADER.FIELDS (TO CC)]. */
const TOKEN =
  / *(?:(\()|(\))|"((?:[^"\\\r\n\0]|\\["\\])*)"|(BODY(?:\.PEEK)?\[[^\]\p{Cc}]*\][^\p{Cc} ()"{]*|[^\p{Cc} ()"{]+))/iuy;

/** Parses one command from its lines and literals. */
export class CommandParser {
  readonly #stack: Argument[][] = [[]];
  #count = 0;
  #failure: string | undefined;

  get tag(): string {
    const first = this.#stack[0]?.[0];
    return first?.kind === "atom" && TAG.test(first.text) ? first.text : "*";
  }

  text(text: string): this {
    const end = text.replace(/ +$/, "").length;
    TOKEN.lastIndex = 0;
    while (this.#failure === undefined && TOKEN.lastIndex < end) {
      const found = TOKEN.exec(text);
      if (found === null) {
        this.#failure = "Syntax error";
        break;
      }
      const [, opens, closes, quoted, atom] = found;
      if (opens !== undefined) this.#open();
      else if (closes !== undefined) this.#close();
      else if (quoted !== undefined) this.#add({ kind: "string", text: quoted.replace(/\\(["\\])/g, "$1") });
      else this.#add({ kind: "atom", text: atom ?? "" });
    }
    return this;
  }

  literal(text: string): void {
    this.#add({ kind: "string", text });
  }

  finish(): ParsedCommand {
    const { tag } = this;
    if (this.#stack.length > 1) this.#failure ??= "Missing parenthesis";
    const [, name, ...rest] = this.#stack[0] ?? [];
    if (this.#failure !== undefined || tag === "*" || name?.kind !== "atom") {
      return { kind: "bad", tag, reason: this.#failure ?? "Expected a tag and a command" };
    }
    const upper = name.text.toUpperCase();
    const [first, ...others] = rest;
    return upper === "UID" && first?.kind === "atom"
      ? { kind: "command", command: { tag, name: `UID ${first.text.toUpperCase()}`, args: others } }
      : { kind: "command", command: { tag, name: upper, args: rest } };
  }

  #add(argument: Argument): void {
    this.#count += 1;
    if (this.#count > MAX_ARGS) this.#failure ??= "Too many arguments";
    else this.#stack.at(-1)?.push(argument);
  }

  #open(): void {
    const items: Argument[] = [];
    this.#add({ kind: "list", items });
    if (this.#stack.length > COMMAND_LIMITS.depth) this.#failure ??= "Too many parentheses";
    else this.#stack.push(items);
  }

  #close(): void {
    if (this.#stack.length > 1) this.#stack.pop();
    else this.#failure ??= "Unexpected parenthesis";
  }
}

/** The text of an atom or string; undefined for a list or a missing argument. */
export function textOf(argument: Argument | undefined): string | undefined {
  return argument === undefined || argument.kind === "list" ? undefined : argument.text;
}
