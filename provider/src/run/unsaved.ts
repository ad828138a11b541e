import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, pulumiHome } from "./pulumi-home.js";

/** Random bytes of a nonce. */
const NONCE_BYTES = 8;

/**
 * Notes of objects that runs on this machine have created or adopted and Pulumi may not have saved. A note is written before
 * the request and removed once the state contains the result. A note that exists later is therefore evidence of an interrupted
 * run. Without it, a resource does not take a grant whose marker has its name.
 *
 * The notes are files under PULUMI_HOME. If they are lost (an ephemeral runner, a read-only home), there is no evidence, and
 * the resource fails with `grant_exists` or `connector_exists` instead of taking the object.
 */
export interface UnsavedNotes {
  /** Writes a note that this owner is about to take an object. Returns an interrupted run's nonce, or a fresh one. */
  begin(applicationId: string, owner: string): string;
  /** The nonce that an interrupted run of this owner used. */
  find(applicationId: string, owner: string): string | undefined;
  /** The result has been returned to Pulumi, which saves it unless the engine is killed. */
  answered(applicationId: string, owner: string): void;
  /** A saved state contains the result: removes its note. With a `nonce`, only the note of that nonce. */
  saved(applicationId: string, owner: string, nonce?: string): void;
  /** The engine has ended normally and saved all returned results: removes their notes. */
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
        // Write a temporary file and rename it, so that a run that is killed here leaves no partial note.
        const temporary = join(directory, `${name}.${process.pid}`);
        writeFileSync(temporary, nonce, { mode: 0o600 });
        renameSync(temporary, join(directory, name));
      });
      return nonce;
    },
    find: (applicationId, owner) => read(nameOf(applicationId, owner)),
    answered: (applicationId, owner) => given.add(nameOf(applicationId, owner)),
    saved: (applicationId, owner, nonce) => {
      // Called for every resource of every plan: list the directory once instead of checking a file each time.
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

/** Runs work on the directory of notes; `undefined` if there is none or it cannot be used. */
function inDirectory<T>(work: (directory: string) => T): T | undefined {
  const home = pulumiHome();
  return home === undefined ? undefined : attempt(() => work(join(home, "nylas-imap", "unsaved")));
}
