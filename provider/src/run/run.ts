import { mailboxKey } from "../address.js";
import type { NylasError } from "../errors.js";
import { createClient, type NylasClient } from "../nylas/client.js";
import type { Settings } from "../settings.js";
import { createGrantDirectory, type GrantDirectory } from "./grant-directory.js";
import { createOwners, type Owners } from "./owners.js";
import { createUnsavedNotes, type UnsavedNotes } from "./unsaved.js";

/** The state of one run (one provider process) that all resources of an application share. */
export interface Run {
  client: NylasClient;
  directory: GrantDirectory;
  /** The owner of each object in this program. No second resource may take an object in the same run. */
  owners: Owners;
  /** Notes of objects that a run has created or adopted and Pulumi may not have saved. */
  unsaved: UnsavedNotes;
  /** Errors of refused logins, by a digest of the credentials, so that a wrong password is sent only once. */
  refusedLogins: Map<string, NylasError>;
  /** Errors of mailboxes that are locked after too many wrong passwords, by `mailboxKey`. */
  lockedMailboxes: Map<string, NylasError>;
  /** Runs work on the same mailbox sequentially, so that two resources with one address see each other's grant. */
  exclusively<T>(email: string, work: () => Promise<T>): Promise<T>;
}

const runs = new Map<string, Run>();

/** Returns the run for these settings, creating it on first use. */
export function runFor(settings: Settings): Run {
  const key = JSON.stringify(settings);
  let run = runs.get(key);
  if (run === undefined) {
    run = createRun(createClient(settings));
    runs.set(key, run);
  }
  return run;
}

/** Number of creations and updates that the engine is waiting for. */
let pendingCalls = 0;

/** Counts work that the engine is waiting for, and whose result it will save. */
export async function countPending<T>(work: () => Promise<T>): Promise<T> {
  pendingCalls += 1;
  try {
    return await work();
  } finally {
    pendingCalls -= 1;
  }
}

/**
 * Removes the notes of returned results when the engine has ended. If it ended while waiting for a call, the user has pressed
 * Ctrl-C twice, and it may not have saved the latest results: then all notes are kept.
 */
export function removeReturnedNotes(): void {
  if (pendingCalls > 0) return;
  for (const { unsaved } of runs.values()) unsaved.removeReturned();
}

/** Creates a run that is not cached. */
function createRun(client: NylasClient): Run {
  const queues = new Map<string, Promise<unknown>>();
  return {
    client,
    directory: createGrantDirectory(client),
    owners: createOwners(),
    unsaved: createUnsavedNotes(),
    refusedLogins: new Map(),
    lockedMailboxes: new Map(),
    exclusively: (email, work) => {
      const key = mailboxKey(email);
      const before = queues.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      queues.set(key, mine);
      return mine;
    },
  };
}
