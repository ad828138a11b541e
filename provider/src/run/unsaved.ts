import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, pulumiHome } from "./pulumi-home.js";

/** Random bytes of a nonce. */
const NONCE_BYTES = 8;

/**
 * What this machine's runs have asked Nylas to make and Pulumi may not have saved. A note is written before the request
 * and removed when the state is known to hold its result. A note that is found therefore tells of an interrupted run: it is
 * the evidence without which a resource does not take a grant that merely bears its name.
 *
 * The notes are files under PULUMI_HOME. Where they are missing (a runner that is thrown away, a home that cannot be
 * written), there is no evidence, and the resource asks its user: the safe side.
 */
export interface UnsavedNotes {
  /** Notes that this owner is about to take an object; answers the interrupted run's nonce, or a fresh one. */
  begin(applicationId: string, owner: string): string;
  /** The nonce that an unfinished run of this owner has used. */
  find(applicationId: string, owner: string): string | undefined;
  /** Pulumi has been given the result; it is saved as soon as the run ends in order. */
  answered(applicationId: string, owner: string): void;
  /** A saved state holds the result; `nonce` is the one in its marker, where it has one. */
  saved(applicationId: string, owner: string, nonce?: string): void;
  /** The engine has ended in order: whatever it was given is saved. */
  settle(): void;
}

export function createUnsavedNotes(): UnsavedNotes {
  const given = new Set<string>();
  let present: Set<string> | undefined;

  return {
    begin: (applicationId, owner) => {
      const name = nameOf(applicationId, owner);
      const nonce = read(name) ?? randomBytes(NONCE_BYTES).toString("hex");
      inDirectory((directory) => {
        mkdirSync(directory, { recursive: true });
        // Renamed into place, so that a run that is killed here leaves no half of a note.
        const temporary = join(directory, `${name}.${process.pid}`);
        writeFileSync(temporary, nonce, { mode: 0o600 });
        renameSync(temporary, join(directory, name));
      });
      return nonce;
    },
    find: (applicationId, owner) => read(nameOf(applicationId, owner)),
    answered: (applicationId, owner) => given.add(nameOf(applicationId, owner)),
    saved: (applicationId, owner, nonce) => {
      // Asked for every resource of every plan: one listing instead of one look at the disk for each.
      present ??= new Set(inDirectory((directory) => readdirSync(directory)));
      const name = nameOf(applicationId, owner);
      if (!present.has(name) || (nonce !== undefined && read(name) !== nonce)) return;
      present.delete(name);
      remove(name);
    },
    settle: () => {
      for (const name of given) remove(name);
      given.clear();
    },
  };
}

function nameOf(applicationId: string, owner: string): string {
  return createHash("sha256")
    .update(JSON.stringify([applicationId, owner]))
    .digest("hex");
}

function read(name: string): string | undefined {
  const text = inDirectory((directory) => readFileSync(join(directory, name), "utf8"));
  return text !== undefined && /^[0-9a-f]+$/.test(text) ? text : undefined;
}

function remove(name: string): void {
  inDirectory((directory) => rmSync(join(directory, name), { force: true }));
}

/** Runs where there is a directory for the notes and it can be used. */
function inDirectory<T>(work: (directory: string) => T): T | undefined {
  const home = pulumiHome();
  return home === undefined ? undefined : attempt(() => work(join(home, "nylas-imap", "unsaved")));
}
