import { createHash, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { attempt, pulumiHome } from "../run/pulumi-home.js";

/** Which resource holds an application's connector, as far as this machine's runs know. */
export interface JournalEntry {
  /** The resource's owner digest. */
  owner: string;
  /** It made the connector, rather than adopting one that was there. */
  made: boolean;
  /** The stack's digest; absent from notes of 0.1.0. */
  stack?: string | undefined;
}

/**
 * Whose an application's connector is. A connector has no field that could carry a marker, as a grant has in `state`; so a
 * run that is killed between making it and saving the state would take it for somebody else's, and the deletion of a
 * renamed resource would take it from its successor. Written before the request that makes or adopts it. Where the note is
 * missing (a runner that is thrown away, no home directory, a home that cannot be written), a connector that is found
 * counts as somebody else's: the safe side.
 */
export interface Journal {
  read(): JournalEntry | undefined;
  write(entry: JournalEntry): void;
  /** Drops the entry, when it is this owner's. */
  forget(owner: string | undefined): void;
}

/** How often a change or a read starts again because another process was quicker. */
const MAX_ATTEMPTS = 100;

/** `null` says that the last holder has given the connector up. */
const schema = v.nullable(v.object({ owner: v.string(), made: v.boolean(), stack: v.optional(v.string()) }));
type Note = v.InferOutput<typeof schema>;

interface Version {
  number: number;
  note: Note;
}

/** Holds within a run where the file cannot be written. */
const remembered = new Map<string, JournalEntry>();

export function connectorJournal(applicationId: string): Journal {
  const home = pulumiHome();
  const name = createHash("sha256").update(applicationId).digest("hex");
  const notes = home === undefined ? undefined : new Notes(join(home, "nylas-imap", "connectors"), name);
  return {
    read: () => remembered.get(applicationId) ?? attempt(() => notes?.latest())?.note ?? undefined,
    write: (entry) => {
      const kept = attempt(() => notes?.change(() => entry)) ?? false;
      if (kept) remembered.delete(applicationId);
      else remembered.set(applicationId, entry);
    },
    forget: (owner) => {
      if (remembered.get(applicationId)?.owner === owner) remembered.delete(applicationId);
      attempt(() => notes?.change((note) => (note !== null && note.owner === owner ? null : undefined)));
    },
  };
}

/**
 * The note of one application, as numbered files of which the highest counts. Each version is written aside and then
 * linked to its name, which fails if another process has taken the number. So a change rests on the note before it, a
 * reader never meets half a note, and no lock is left behind by a process that is killed. A process so slow that its
 * number is free again, because later versions have replaced that one, writes a note that counts as older than theirs.
 */
class Notes {
  readonly #directory: string;
  /** Version 0, where the package once kept its only note. */
  readonly #single: string;

  constructor(directory: string, name: string) {
    this.#directory = join(directory, name);
    this.#single = join(directory, `${name}.json`);
  }

  latest(): Version {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const number = Math.max(0, ...this.#numbers());
      const text = readIfThere(this.#file(number));
      // A version that is listed and gone has given way to a later one.
      if (text !== undefined || number === 0) return { number, note: parse(text) };
    }
    return { number: 0, note: null };
  }

  /** Writes what `next` makes of the note, or nothing when that is undefined. True when it was written. */
  change(next: (note: Note) => Note | undefined): boolean {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const { number, note } = this.latest();
      const changed = next(note);
      if (changed === undefined) return false;
      if (this.#publish(number + 1, changed)) return true;
    }
    return false;
  }

  #publish(number: number, note: Note): boolean {
    mkdirSync(this.#directory, { recursive: true });
    const aside = join(this.#directory, `${randomUUID()}.tmp`);
    try {
      writeFileSync(aside, JSON.stringify(note), { flag: "wx" });
      linkSync(aside, this.#file(number));
    } catch (error) {
      if (isCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      rmSync(aside, { force: true });
    }
    // The one before stays, for a reader that lists the directory at this moment.
    for (const old of [0, ...this.#numbers()]) if (old < number - 1) rmSync(this.#file(old), { force: true });
    return true;
  }

  #numbers(): number[] {
    try {
      return readdirSync(this.#directory)
        .flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? [])
        .map(Number);
    } catch (error) {
      if (isCode(error, "ENOENT")) return [];
      throw error;
    }
  }

  #file(number: number): string {
    return number === 0 ? this.#single : join(this.#directory, `${number}.json`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A text that is not a note is none. */
function parse(text: string | undefined): Note {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text ?? "null"));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
