import { createHash, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { attempt } from "./attempt.js";

/** The owner of an application's connector, as recorded on this machine. */
export interface JournalEntry {
  /** The resource's owner digest. */
  owner: string;
  /** True if this owner created the connector, false if it adopted it. */
  made: boolean;
  /** Digest of the owner's stack; absent from entries of version 0.1.0. */
  stack?: string | undefined;
  /** After a rename of the resource or its stack: the owner before. */
  previous?: string | undefined;
  /** Owners before this one that did not pass it on by an alias, of whatever stack. A state may still name one. */
  takenFrom?: string[] | undefined;
}

/**
 * Records on this machine who owns an application's connector. Without a record, a resource whose run was killed before Pulumi saved
 * the state could not recognize the connector as its own, and deleting a renamed resource would delete the connector that its
 * successor uses.
 *
 * The entry is written before the request that creates or adopts the connector. Where there is no entry (an ephemeral
 * runner, no home directory, a read-only home), an existing connector counts as another owner's: creating one then fails
 * rather than taking over a connector that may be somebody else's.
 */
export interface Journal {
  read(): JournalEntry | undefined;
  /** Whether the last owner that this machine knows has deleted or released the connector. */
  isReleased(): boolean;
  write(entry: JournalEntry): void;
  /** Removes the entry if this owner holds the connector. */
  forget(owner: string | undefined): void;
}

/** Attempts of a read or change that other processes interrupt with changes of their own. */
const MAX_ATTEMPTS = 100;

/** `null`: the last owner has deleted or released the connector. */
const schema = v.nullable(
  v.object({
    owner: v.string(),
    made: v.boolean(),
    stack: v.optional(v.string()),
    previous: v.optional(v.string()),
    takenFrom: v.optional(v.array(v.string())),
  }),
);
type StoredEntry = v.InferOutput<typeof schema>;

interface Version {
  number: number;
  note: StoredEntry;
}

/** Entries that could not be written to a file; they last as long as this process. */
const unwritten = new Map<string, JournalEntry>();

export function connectorJournal(applicationId: string, notesDirectory: string | undefined): Journal {
  const name = createHash("sha256").update(applicationId).digest("hex");
  const notes = notesDirectory === undefined ? undefined : new JournalFile(join(notesDirectory, "connectors"), name);
  return {
    read: () => unwritten.get(applicationId) ?? attempt(() => notes?.latest())?.note ?? undefined,
    isReleased: () => {
      const latest = unwritten.has(applicationId) ? undefined : attempt(() => notes?.latest());
      return latest !== undefined && latest.number > 0 && latest.note === null;
    },
    write: (entry) => {
      const kept = attempt(() => notes?.change(() => entry)) ?? false;
      if (kept) unwritten.delete(applicationId);
      else unwritten.set(applicationId, entry);
    },
    forget: (owner) => {
      if (unwritten.get(applicationId)?.owner === owner) unwritten.delete(applicationId);
      attempt(() => notes?.change((note) => (note !== null && note.owner === owner ? null : undefined)));
    },
  };
}

/**
 * The versions of one application's note: numbered files, of which the highest number is current. A version is written to a
 * temporary file and then hard-linked to its final name, which fails with EEXIST if another process has used the number.
 * So no update is lost, a reader never sees a partial file, and a killed process leaves no lock. A very slow process may find
 * its number free again because later versions have replaced that file; its note then counts as older than theirs.
 */
class JournalFile {
  readonly #directory: string;
  /** Version 0: the single file that earlier versions of this package kept. */
  readonly #single: string;

  constructor(directory: string, name: string) {
    this.#directory = join(directory, name);
    this.#single = join(directory, `${name}.json`);
  }

  latest(): Version {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const number = Math.max(0, ...this.#numbers());
      const text = readIfThere(this.#file(number));
      // A version that was listed but is gone has been replaced by a later one: list again.
      if (text !== undefined || number === 0) return { number, note: parse(text) };
    }
    return { number: 0, note: null };
  }

  /** Replaces the note by `next(note)`, unless that is undefined. Returns whether a version was written. */
  change(next: (note: StoredEntry) => StoredEntry | undefined): boolean {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const { number, note } = this.latest();
      const changed = next(note);
      if (changed === undefined) return false;
      if (this.#publish(number + 1, changed)) return true;
    }
    return false;
  }

  #publish(number: number, note: StoredEntry): boolean {
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
    // Keep the previous version: a concurrent reader may have listed it and be about to read it.
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

/** `null` for a text that is not a valid note. */
function parse(text: string | undefined): StoredEntry {
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
