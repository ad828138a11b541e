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

/** Deeper than any command this server knows. */
const MAX_DEPTH = 8;
/** Atoms may hold a section such as BODY[HEADER.FIELDS (TO CC)], spaces and all. */
const TOKEN = /\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|((?:[^\s()[\]"]|\[[^\]]*\]|\])+))/y;

/** Collects one command from its pieces: text as it came, and literals. */
export class CommandParser {
  readonly #stack: Argument[][] = [[]];
  #failure: string | undefined;

  get tag(): string {
    const first = this.#stack[0]?.[0];
    return first?.kind === "atom" ? first.text : "*";
  }

  text(text: string): this {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const found = TOKEN.exec(text);
      if (found === null) {
        this.#failure ??= "Syntax error";
        break;
      }
      const [, opens, closes, quoted, atom] = found;
      if (opens !== undefined) this.#open();
      else if (closes !== undefined) this.#close();
      else if (quoted !== undefined) this.#add({ kind: "string", text: quoted.replace(/\\(.)/g, "$1") });
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
    this.#stack.at(-1)?.push(argument);
  }

  #open(): void {
    const items: Argument[] = [];
    this.#add({ kind: "list", items });
    if (this.#stack.length >= MAX_DEPTH) this.#failure ??= "Too many parentheses";
    else this.#stack.push(items);
  }

  #close(): void {
    if (this.#stack.length > 1) this.#stack.pop();
    else this.#failure ??= "Unexpected parenthesis";
  }
}

/** The text of an atom or string; undefined for a list or nothing. */
export function textOf(argument: Argument | undefined): string | undefined {
  return argument === undefined || argument.kind === "list" ? undefined : argument.text;
}
