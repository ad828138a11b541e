import { mailboxKey } from "../address.js";
import { AccessError, type NylasError } from "../errors.js";
import type { Host } from "../host.js";
import { createClient, type NylasClient, otherRegion } from "../nylas/client.js";
import type { Application } from "../nylas/wire.js";
import { environmentVariable, misspeltVariables, type Settings } from "../settings.js";
import { createGrantDirectory, type GrantDirectory } from "./grant-directory.js";
import { createHiddenChanges, type HiddenChanges } from "./hidden-changes.js";
import { connectorJournal, type Journal } from "./ownership/journal.js";
import { createUnsavedNotes, type Notes, type UnsavedNotes } from "./ownership/notes.js";
import { createOwners, type Owners } from "./ownership/owners.js";

/** The state of one run (one provider process) that all resources of an application share. */
export interface Run {
  client: NylasClient;
  host: Host;
  directory: GrantDirectory;
  /** The owner of each object in this program. No second resource may take an object in the same run. */
  owners: Owners;
  /** What the plan does not show. */
  hiddenChanges: HiddenChanges;
  /** Notes of objects that a run has created or adopted and Pulumi may not have saved. */
  unsaved: UnsavedNotes;
  /**
   * Errors of logins that a preflight or Nylas saw fail, by a digest of the credentials: a wrong password is sent only once.
   */
  refusedLogins: Map<string, NylasError>;
  /** Errors of mailboxes that are locked after too many wrong passwords, by `mailboxKey`. */
  lockedMailboxes: Map<string, NylasError>;
  /** Runs work on the same mailbox sequentially, so that two resources with one address see each other's grant. */
  exclusively<T>(email: string, work: () => Promise<T>): Promise<T>;
  /**
   * This run with the environment's key if that key is of this application and the configured one is not; otherwise this run.
   * Plain `refresh`, `destroy` and `up --refresh` have the key that was configured at the last `up`.
   */
  withKeyOf(applicationId: string): Promise<Run>;
}

/** A run whose application is known. */
export interface ApplicationRun extends Run {
  applicationId: string;
  /** The notes about objects of the application. */
  notes: Notes;
  /** Who owns the application's connector, as far as this machine knows. */
  journal: Journal;
}

export function inApplication(run: Run, applicationId: string): ApplicationRun {
  const journal = connectorJournal(applicationId, run.host.notesDirectory);
  return { ...run, applicationId, notes: run.unsaved.of(applicationId), journal };
}

const runs = new Map<string, Run>();

/** Returns the run for these settings, creating it on first use. */
export function runFor(settings: Settings, host: Host): Run {
  const key = JSON.stringify(settings);
  let run = runs.get(key);
  if (run === undefined) {
    run = createRun(settings, host);
    runs.set(key, run);
    for (const text of misspeltVariables(settings.application, host.config, host.settingsEnv))
      host.notices.notify(text);
  }
  return run;
}

/** For a process that serves another engine from now on: nothing of the runs before holds any more. */
export function forgetRuns(): void {
  runs.clear();
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

/** Tells what is left to tell, when the engine has ended; its display is still there. */
export function finishNotices(): void {
  for (const { hiddenChanges } of runs.values()) hiddenChanges.finish();
}

/** Creates a run that is not cached. */
function createRun(settings: Settings, host: Host): Run {
  const queues = new Map<string, Promise<unknown>>();
  const shared = {
    host,
    owners: createOwners(),
    hiddenChanges: createHiddenChanges(host.notices),
    unsaved: createUnsavedNotes(host.notesDirectory),
    refusedLogins: new Map<string, NylasError>(),
    lockedMailboxes: new Map<string, NylasError>(),
    exclusively: <T>(email: string, work: () => Promise<T>): Promise<T> => {
      const key = mailboxKey(email);
      const before = queues.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      queues.set(key, mine);
      return mine;
    },
    withKeyOf,
  };
  const runWith = (client: NylasClient): Run => ({ client, directory: createGrantDirectory(client), ...shared });
  const run = runWith(createClient(settings, host, tellRegion));
  let other: Run | undefined;
  let isAnnounced = false;
  return run;

  function tellRegion(application: Application): void {
    const region = otherRegion(settings, application);
    if (region === undefined) return;
    const { name, place } = host.wording.setting;
    host.notices.notify(
      `${name(settings.application, "region")} is ${settings.region}, but application ${application.applicationId} is in ${region}: ` +
        `if the key is the right one, set ${place(settings.application, "region", region)} to ${region}`,
    );
  }

  async function withKeyOf(applicationId: string): Promise<Run> {
    const configured = await run.client.application();
    const [, environmentKey] = settings.apiKeys;
    if (configured.applicationId === applicationId || environmentKey === undefined) return run;
    other ??= runWith(createClient({ ...settings, apiKeys: [environmentKey] }, host));
    if ((await applicationIdOf(other)) !== applicationId) return run;
    if (!isAnnounced) {
      isAnnounced = true;
      host.notices.notify(
        `the key in ${host.wording.setting.name(settings.application, "apiKey")} is of application ${configured.applicationId}; ` +
          `${environmentVariable(settings.application, "apiKey")} is used for what was made in application ${applicationId}`,
      );
    }
    return other;
  }
}

/** `undefined` if the key is refused. */
async function applicationIdOf({ client }: Run): Promise<string | undefined> {
  try {
    return (await client.application()).applicationId;
  } catch (error) {
    if (error instanceof AccessError) return undefined;
    throw error;
  }
}
