import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "./attempt.js";

/** Random bytes of a nonce. */
const NONCE_BYTES = 8;

/**
 * Notes of objects that runs on this machine have created or adopted and Pulumi may not have saved: files under PULUMI_HOME. If they
 * are lost (an ephemeral runner, a read-only home), there is no evidence, and the resource fails with `grant_exists` or
 * `connector_exists` instead of taking the object.
 */
export interface UnsavedNotes {
  of(applicationId: string): Notes;
  /** The engine has ended normally and saved all returned results: removes their notes. */
  removeReturned(): void;
}

/** The notes about objects of one application. */
export interface Notes {
  /**
   * Writes a note that this owner is about to take an object. Returns an interrupted run's nonce, or a fresh one. `time` is
   * Nylas's, in milliseconds since 1970; an interrupted run's note keeps its own.
   */
  write(owner: string, time?: number): string;
  /** Like `write`, always with a fresh nonce. */
  renew(owner: string, time: number): string;
  /** The note of an interrupted run of this owner. */
  find(owner: string): Note | undefined;
  /**
   * The result has been returned to Pulumi, which saves it unless the engine is killed. With a `nonce`, only the note of that nonce
   * is meant: a resource that was renamed has its old name in its marker, which another resource of the run may have by now.
   */
  markReturned(owner: string, nonce?: string): void;
  /** A saved state contains the result: removes its note. With a `nonce`, only the note of that nonce. */
  remove(owner: string, nonce?: string): void;
}

export interface Note {
  /** Which the run has put into its marker. */
  nonce: string;
  /**
   * When it was written, by Nylas's clock: what existed before was not created by that run. Absent from notes of version 0.1.0,
   * and where Nylas's answers have no date.
   */
  time: number | undefined;
}

export function createUnsavedNotes(notesDirectory: string | undefined): UnsavedNotes {
  const parent = notesDirectory === undefined ? undefined : join(notesDirectory, "unsaved");
  const returned: { name: string; nonce: string | undefined }[] = [];
  let present: Set<string> | undefined;

  return {
    of: (applicationId) => ({
      write: (owner, time) => {
        const name = nameOf(applicationId, owner);
        present?.add(name);
        return writeNote(name, readNote(name) ?? { nonce: freshNonce(), time });
      },
      renew: (owner, time) => writeNote(nameOf(applicationId, owner), { nonce: freshNonce(), time }),
      find: (owner) => readNote(nameOf(applicationId, owner)),
      markReturned: (owner, nonce) => {
        returned.push({ name: nameOf(applicationId, owner), nonce });
      },
      remove: (owner, nonce) => {
        // Called for every resource of every plan: list the directory once instead of checking a file each time.
        present ??= new Set(inDirectory((directory) => readdirSync(directory)));
        const name = nameOf(applicationId, owner);
        if (present.has(name) && removeNote(name, nonce)) present.delete(name);
      },
    }),
    removeReturned: () => {
      for (const { name, nonce } of returned.splice(0)) removeNote(name, nonce);
    },
  };

  function readNote(name: string): Note | undefined {
    const text = inDirectory((directory) => readFileSync(join(directory, name), "utf8"));
    const [, nonce, time] = text?.match(/^([0-9a-f]+)(?: (\d+))?$/) ?? [];
    return nonce === undefined ? undefined : { nonce, time: time === undefined ? undefined : Number(time) };
  }

  /** Writes a temporary file and renames it, so that a run that is killed here leaves no partial note. Returns the nonce. */
  function writeNote(name: string, { nonce, time }: Note): string {
    inDirectory((directory) => {
      mkdirSync(directory, { recursive: true });
      const temporary = join(directory, `${name}.${randomUUID()}`);
      writeFileSync(temporary, time === undefined ? nonce : `${nonce} ${Math.floor(time)}`, { mode: 0o600 });
      renameSync(temporary, join(directory, name));
    });
    return nonce;
  }

  /** Returns whether the note was of this nonce, if one is given. */
  function removeNote(name: string, nonce: string | undefined): boolean {
    if (nonce !== undefined && readNote(name)?.nonce !== nonce) return false;
    inDirectory((directory) => rmSync(join(directory, name), { force: true }));
    return true;
  }

  /** Runs work on the directory of notes; `undefined` if there is none or it cannot be used. */
  function inDirectory<T>(work: (directory: string) => T): T | undefined {
    return parent === undefined ? undefined : attempt(() => work(parent));
  }
}

function freshNonce(): string {
  return randomBytes(NONCE_BYTES).toString("hex");
}

function nameOf(applicationId: string, owner: string): string {
  return createHash("sha256")
    .update(JSON.stringify([applicationId, owner]))
    .digest("hex");
}
