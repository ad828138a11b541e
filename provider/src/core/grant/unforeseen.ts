import { performance } from "node:perf_hooks";
import { AlreadyExistsError, NylasError, UnexpectedResponseError } from "../../errors.js";
import type { MailboxCredentials } from "../../nylas/grants.js";
import { CLOCK_TOLERANCE_MS } from "../../nylas/server-clock.js";
import { visibleInMs } from "../../nylas/visibility.js";
import type { Grant } from "../../nylas/wire.js";
import { decideAdoption, touchedGrantExists, unlistedGrantExists } from "../ownership/grant.js";
import { formatMarker, type Marker } from "../ownership/marker.js";
import type { Note } from "../ownership/notes.js";
import type { ApplicationRun, Run } from "../session.js";
import type { GrantArguments } from "./properties.js";

/**
 * Milliseconds by which a grant's `created_at` and `updated_at` may differ beyond the duration of the request that created it:
 * they are whole seconds, and Nylas may set them at different moments.
 */
const CREATION_TOLERANCE_MS = 2_000;

/** Longest time between a note and the grant that its run made, in milliseconds: it waited for its turn, and for Nylas's answers. */
const MAX_CLAIM_AGE_MS = 1_800_000;

/** An authentication, and whose grant it is to become. */
export interface Authentication {
  run: ApplicationRun;
  args: GrantArguments;
  /** The credentials to send, read once. */
  mailbox: MailboxCredentials;
  /** The marker to send; none without an owner. */
  marker: Marker | undefined;
  /** The note of a run of this resource that was interrupted. */
  interrupted: Note | undefined;
}

/** A grant that this resource has just authenticated. */
export interface AuthenticatedGrant {
  grant: Grant;
  adopted: boolean;
}

/** The answer to an authentication. */
export interface Answered {
  grant: Grant;
  /** The grant as the run knew it before, if it did. */
  before: Grant | undefined;
  /** Whether the grant is older than the authentication. */
  existed: boolean;
}

/** An answer with a grant that the look-up did not find for this mailbox, and a way to authenticate it again with another `state`. */
export interface Unforeseen extends Answered {
  send(state: string | undefined): Promise<Answered>;
}

/**
 * Whether Nylas re-authenticated a grant instead of creating one. An absent time is unknown: without any, the grant counts as
 * older, so that no run deletes it. Elapsed time comes from the monotonic clock, and the age from Nylas's, because an old grant
 * would look new if this machine's clock were set meanwhile.
 */
export function existedBefore({ client }: Run, grant: Grant, startedAt: number): boolean {
  const elapsed = performance.now() - startedAt;
  const created = Date.parse(grant.createdAt);
  const now = client.now();
  const ages = [
    ...(grant.showsUpdate ? [Date.parse(grant.updatedAt) - created - CREATION_TOLERANCE_MS] : []),
    ...(now === undefined ? [] : [now - created - CLOCK_TOLERANCE_MS]),
  ];
  return ages.length === 0 || ages.some((age) => age > elapsed);
}

/**
 * Whether a run of this resource that was interrupted since `since` has created the grant: it is younger than that run, and so
 * young that Nylas may not have shown it yet.
 */
export function isOfInterruptedRun({ client }: Run, { createdAt }: Grant, since: number | undefined): boolean {
  if (since === undefined) return false;
  const laterMs = Date.parse(createdAt) - since;
  return laterMs >= -CLOCK_TOLERANCE_MS && laterMs <= MAX_CLAIM_AGE_MS && visibleInMs(client, createdAt) > 0;
}

/**
 * Decides about a grant that a creation has authenticated although no list showed it for this mailbox: Nylas did not show it, or
 * showed it with another address. The creation has replaced its marker. It is adopted, or it gets back its marker.
 */
export async function takeExisting(
  { run, args, marker }: Authentication,
  { grant, before, send }: Unforeseen,
): Promise<AuthenticatedGrant> {
  if (before === undefined) {
    // Mark it as adopted, so that no later run treats it as created by this resource and deletes it.
    const { grant: marked } = await send(adoptionOf(marker));
    if (args.onExisting !== "adopt") throw unlistedGrantExists(run, args, marked);
    return { grant: marked, adopted: true };
  }
  let adopting: boolean;
  try {
    adopting = decideAdoption(run, args, before);
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    throw touchedGrantExists(run, args, before, await putBack(before, marker, send));
  }
  if (!adopting) return { grant, adopted: false };
  return { grant: (await send(adoptionOf(marker))).grant, adopted: true };
}

/** The error if Nylas has authenticated another grant than the one in the state. */
export async function otherGrantAnswered(
  { run, args, marker }: Authentication,
  found: Grant,
  { grant, before, existed, send }: Unforeseen,
): Promise<NylasError> {
  const operation = `Authenticating mailbox ${args.imapUsername}`;
  const answer = `Nylas authenticated grant ${grant.id} instead of ${found.id}, which stays in the state`;
  if (before !== undefined) {
    return new AlreadyExistsError({
      code: "grant_exists",
      operation,
      answer: `${answer}; ${await putBack(before, marker, send)}`,
      remedy:
        `Nylas keeps the mailbox under the address ${before.email ?? "of that grant"}: declare it there alone, or delete the ` +
        "grant whose history may be lost, and run `pulumi up --refresh`",
    });
  }
  // A fresh nonce with a note: once the state has dropped its grant, the next run recognizes this one as its own.
  if (marker !== undefined) {
    const nonce = run.notes.renew(marker.owner, Date.parse(grant.createdAt));
    await send(formatMarker({ ...marker, nonce, adopted: existed, previous: undefined }));
  }
  const adopt = existed ? ' with onExisting: "adopt"' : "";
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation,
    answer: `${answer}: that one was deleted meanwhile, or Nylas keeps both`,
    remedy:
      `run \`pulumi up --refresh\`${adopt}: it drops ${found.id} if that does not exist any more, and takes ${grant.id}, whose object ` +
      `ids are others. If ${found.id} does exist, delete it at Nylas first: Nylas has not used it for this mailbox`,
  });
}

function adoptionOf(marker: Marker | undefined): string | undefined {
  return marker === undefined ? undefined : formatMarker({ ...marker, adopted: true });
}

/** Gives a grant of another owner its marker back. Returns what has become of it, as the end of a sentence. */
async function putBack(before: Grant, marker: Marker | undefined, send: Unforeseen["send"]): Promise<string> {
  const told = "it was authenticated with the declared credentials before that could be seen";
  if (marker === undefined) return told;
  try {
    await send(before.state ?? adoptionOf(marker));
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    return `${told}, and its marker could not be put back (${error.answer}): its owner gets it back with onExisting: "adopt"`;
  }
  return before.state === undefined
    ? `${told}, and carries this resource's marker as adopted, so no destroy deletes it`
    : `${told}, and has its marker back, so it stays with its owner`;
}
