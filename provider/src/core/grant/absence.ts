import { NotFoundError, NylasError, UnavailableError } from "../../errors.js";
import { visibleInMs } from "../../nylas/visibility.js";
import type { ApplicationRun } from "../session.js";
import type { GrantState } from "./state.js";

/** A grant of a state that Nylas shows neither by its id nor in the list. */
export interface AbsentGrant {
  run: ApplicationRun;
  id: string;
  state: GrantState;
}

/**
 * Says that the absence of a grant is not believed yet: a new grant may not be visible. `undefined` if it is believed, because
 * the grant is old enough, or because a deletion that was interrupted on this machine explains it.
 */
export function notYetVisible({ run, id, state }: AbsentGrant): string | undefined {
  const seconds = Math.ceil(visibleInMs(run.client, state.createdAt) / 1_000);
  if (seconds === 0 || run.notes.find(deletionOf(id)) !== undefined) return undefined;
  return (
    "Nylas shows it neither by its id nor in the list of grants, but it is so new that it may not be visible yet; " +
    `it counts as deleted if that is so in ${seconds} s`
  );
}

/**
 * Deletes a grant that Nylas has just shown. Writes a note first, so that the next run knows why the grant is gone if this one is killed.
 * `deletion` returns Nylas's refusal if Nylas knows no such grant. While the grant may not be visible yet (`visibleInMs`), that
 * refusal is thrown, unless the note of an earlier run explains it.
 */
export async function withNoteOfDeletion(
  { run, id, state }: AbsentGrant,
  operation: string,
  deletion: () => Promise<NylasError | undefined>,
): Promise<void> {
  const note = deletionOf(id);
  const isRepeated = run.notes.find(note) !== undefined;
  run.notes.write(note);
  const refusal = await deletion().catch((error) => {
    // Where nothing was deleted, the note would explain an absence that it did not cause.
    if (!isRepeated && error instanceof NylasError && error.mayHaveTakenEffect === false) run.notes.remove(note);
    throw error;
  });
  const seconds = Math.ceil(visibleInMs(run.client, state.createdAt) / 1_000);
  if (refusal !== undefined && !isRepeated && seconds > 0) {
    run.notes.remove(note);
    const reason = `Nylas showed the grant, and then answered that there is none to delete; it is so new that it counts as deleted only in ${seconds} s`;
    throw invisible(operation, reason, refusal);
  }
  run.notes.markReturned(note);
}

/** The name of the note. */
function deletionOf(id: string): string {
  return `deletion of grant ${id}`;
}

/** For an update or a deletion of a grant that may not be visible yet. */
export function invisible(operation: string, reason: string, refusal?: NylasError): NylasError {
  return new UnavailableError({
    code: "nylas_unavailable",
    operation,
    answer: `${reason}. Nothing was changed`,
    status: refusal?.status ?? 404,
    requestId: refusal?.requestId,
    remedy: "run again in a moment",
  });
}

/** For a look into the mailbox of a grant that may not be visible yet. `kept` says what becomes of the grant. */
export function notReadableYet(operation: string, requestId: string | undefined, kept: string): NylasError {
  return new UnavailableError({
    code: "nylas_unavailable",
    operation,
    answer: "Nylas does not know the grant: it is so new that it may not be visible yet",
    status: 404,
    requestId,
    remedy: `run again in a moment; ${kept}`,
  });
}

/** For an update of a grant that does not exist. */
export function goneBeforeUpdate(operation: string, id: string): NylasError {
  return new NotFoundError({
    code: "not_found",
    operation,
    answer: "the grant does not exist any more; it was deleted outside of Pulumi",
    status: 404,
    remedy: `run \`pulumi up --refresh\`: it drops ${id} from the state and makes another grant`,
  });
}
