import { mailboxKey } from "../address.js";
import type { NylasError } from "../errors.js";
import { createClient, type NylasClient } from "../nylas/client.js";
import type { Settings } from "../settings.js";
import { createGrantDirectory, type GrantDirectory } from "./grant-directory.js";
import { createHolders, type Holders } from "./holders.js";
import { createUnsavedNotes, type UnsavedNotes } from "./unsaved.js";

/** What one run (one provider process) shares about one application, and must not ask or do twice. */
export interface Run {
  client: NylasClient;
  directory: GrantDirectory;
  /** Which resource of the program holds an object, by its id: the owner's digest. No second one may take it in this run. */
  holders: Holders;
  /** What this machine's runs have taken and may not have saved. */
  unsaved: UnsavedNotes;
  /** Refused logins, by a digest of the mailbox's credentials: a wrong password is never sent twice. */
  refusedLogins: Map<string, NylasError>;
  /** Mailboxes that Nylas locked after too many wrong passwords, by address. */
  lockedMailboxes: Map<string, NylasError>;
  /** Runs work on one mailbox after the other: two resources with one address must see each other's grant. */
  exclusively<T>(email: string, work: () => Promise<T>): Promise<T>;
}

const runs = new Map<string, Run>();

/** The run of these settings; the same one for the same settings, as long as the process lives. */
export function runFor(settings: Settings): Run {
  const key = JSON.stringify(settings);
  let run = runs.get(key);
  if (run === undefined) {
    run = createRun(createClient(settings));
    runs.set(key, run);
  }
  return run;
}

/** Creations and updates that the engine waits for. */
let underWay = 0;

/** Does what the engine waits for, and whose result it will save. */
export async function awaited<T>(work: () => Promise<T>): Promise<T> {
  underWay += 1;
  try {
    return await work();
  } finally {
    underWay -= 1;
  }
}

/**
 * The engine has ended. Whatever it was given is saved, unless it still waits for something: then Ctrl-C, pressed twice, has
 * ended it, and answers that it was given a moment ago may be lost.
 */
export function settleRuns(): void {
  if (underWay > 0) return;
  for (const { unsaved } of runs.values()) unsaved.settle();
}

/** Creates a run that is not cached. */
export function createRun(client: NylasClient): Run {
  const queues = new Map<string, Promise<unknown>>();
  return {
    client,
    directory: createGrantDirectory(client),
    holders: createHolders(),
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
