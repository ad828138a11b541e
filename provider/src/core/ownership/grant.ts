import { sameMailbox } from "../../address.js";
import { AlreadyExistsError } from "../../errors.js";
import { CLOCK_TOLERANCE_MS } from "../../nylas/server-clock.js";
import type { Grant } from "../../nylas/wire.js";
import type { Claim, Evidence } from "./evidence.js";
import {
  hasOtherOwner,
  holderOf,
  isOfOtherStack,
  isSuccessor,
  type Marker,
  MOVED,
  markerOf,
  nameOf,
  type OwnedState,
  unclearStack,
} from "./marker.js";
import type { Note } from "./notes.js";

/**
 * Decides whether a creation may use an existing grant. Returns true if that adopts the grant, false if it counts as created
 * by this resource or its stack; throws `grant_exists` if the resource may not use it.
 */
export function decideAdoption(run: Evidence, args: Claim, found: Grant): boolean {
  if (run.owners.isOwnedByOther(found.id, args.owner)) throw grantExists(run, args, found);
  const marker = markerOf(found);
  if (isInterruptedRun(run, args, found) && !marker?.adopted) return false;
  if (args.onExisting !== "adopt" || found.provider !== "imap") throw grantExists(run, args, found);
  return !isMadeByStack(args, marker) || isMarkedByMistake(run, args, found);
}

/** True if a run of this resource has marked an older grant as created, because no list showed it, and could not mend that. */
function isMarkedByMistake(run: Evidence, { owner }: Claim, found: Grant): boolean {
  const marker = markerOf(found);
  const note = owner === undefined || marker?.owner !== owner ? undefined : run.notes.find(owner);
  return note !== undefined && note.nonce === marker?.nonce && isOlder(found, note);
}

/** Whether a grant existed before a run of this note. */
function isOlder({ createdAt }: Grant, { time }: Note): boolean {
  return time !== undefined && Date.parse(createdAt) < time - CLOCK_TOLERANCE_MS;
}

/** True if this stack created the grant. Taking it over is then a rename of the resource, which may delete it. */
function isMadeByStack({ stack }: Claim, marker: Marker | undefined): boolean {
  return marker?.adopted === false && marker.stack !== undefined && marker.stack === stack;
}

function isInterruptedRun(run: Evidence, { owner }: Claim, found: Grant) {
  const marker = markerOf(found);
  if (owner === undefined || marker?.owner !== owner || marker.nonce === undefined) return false;
  const note = run.notes.find(owner);
  // An older grant was only authenticated by the interrupted run, because Nylas's list did not show it.
  if (note !== undefined && isOlder(found, note)) return false;
  return note?.nonce === marker.nonce;
}

/**
 * Writes a note that this run is about to take the grant, and returns the marker to send. Without a note if the state has the nonce
 * already: then the marker itself tells the next run that the grant is this resource's. `found` is a grant that is taken over: it is not
 * older than its note.
 */
export function writeClaim(
  run: Evidence,
  { owner, stack }: Claim,
  adopted: boolean,
  inState?: Marker,
  found?: Grant,
): Marker | undefined {
  if (owner === undefined) return undefined;
  const before = isOfOtherStack({ owner, stack }, inState) ? inState : undefined;
  const nonce = before === undefined ? inState?.nonce : undefined;
  return {
    owner,
    adopted,
    stack,
    nonce: nonce ?? run.notes.write(owner, found === undefined ? run.client.now() : Date.parse(found.createdAt)),
    ...(before === undefined ? {} : { previous: nameOf(before) }),
  };
}

function grantExists(run: Evidence, args: Claim, found: Grant): AlreadyExistsError {
  const { answer, remedy } = explainOwner(run, args, found);
  return alreadyExists(run, args, found, `${answer}. Nothing was changed`, remedy);
}

/** For a grant that Nylas's list did not show: the authentication that should have created a grant has changed this one. */
export function unlistedGrantExists(run: Evidence, args: Claim, found: Grant): AlreadyExistsError {
  const answer =
    "it existed before, but Nylas's list did not show it. It was authenticated before it could be seen, and is marked as adopted";
  return alreadyExists(run, args, found, answer, []);
}

/** For a grant that was shown without the address of this mailbox. `done` is what has become of it. */
export function touchedGrantExists(run: Evidence, args: Claim, found: Grant, done: string): AlreadyExistsError {
  const { answer, remedy } = explainOwner(run, args, found);
  const address =
    found.email === undefined || sameMailbox(found.email, args.imapUsername)
      ? []
      : [`manage it under the address ${found.email}, which opens the same mailbox`];
  return alreadyExists(run, args, found, `${answer}; ${done}`, [...address, ...remedy]);
}

function alreadyExists(
  run: Evidence,
  args: Claim,
  found: Grant,
  answer: string,
  first: readonly string[],
): AlreadyExistsError {
  const afterwards = isMadeByStack(args, markerOf(found))
    ? "goes at destroy, because a stack of this project and name made it"
    : "stays at destroy";
  // A resource of this program keeps its grant, whatever another one's arguments are.
  const adoptable = found.provider === "imap" && !run.owners.isOwnedByOther(found.id, args.owner);
  const adopt = adoptable ? [`set onExisting: "adopt" to take it over (it then ${afterwards})`] : [];
  const ways = [
    ...first,
    ...adopt,
    `refer to it with ${run.host.wording.getGrant(found.id)}`,
    "delete it if its history may be lost",
  ];
  return new AlreadyExistsError({
    code: "grant_exists",
    operation: `Creating a grant for ${args.imapUsername} in the application of configuration namespace "${run.client.settings.application}"`,
    answer: `the mailbox has grant ${found.id} already; ${answer}`,
    remedy: ways.join(", or "),
  });
}

/** Who owns the grant, and the remedies that apply only to this case, most likely first. */
function explainOwner(run: Evidence, args: Claim, found: Grant): { answer: string; remedy: string[] } {
  const { alias, deleteFirst } = run.host.wording;
  if (run.owners.isOwnedByOther(found.id, args.owner)) {
    const rename = `if this is its new name, remove the old resource from the program and give this one the option ${alias}`;
    return {
      answer: "another resource of this program holds it",
      remedy: [run.owners.wasPlanned(found.id) ? rename : "remove one of the two from the program"],
    };
  }
  if (found.provider !== "imap") {
    return { answer: `its provider is ${found.provider}, which cannot be adopted as IMAP`, remedy: [] };
  }
  const marker = markerOf(found);
  if (marker === undefined) {
    return {
      answer: "it carries no marker of this package, so somebody else made it (or Nylas does not return the marker)",
      remedy: [],
    };
  }
  if (marker.owner === args.owner) {
    return marker.adopted
      ? { answer: "a resource of this name adopted it once, and left it in place", remedy: [] }
      : {
          answer:
            "its marker bears this resource's name, but nothing here shows that a run of this resource was interrupted: it was moved " +
            "to another stack, a stack of this name may have been renamed and still manage the grant, a run was killed on another machine, " +
            "or Pulumi could not save what a run had made",
          remedy: [
            ...(deleteFirst === "" ? [] : [deleteFirst]),
            MOVED,
            'if a run was killed or not saved, set onExisting: "adopt" for one `up` (the grant then counts as made by this stack)',
          ],
        };
  }
  const renamed = marker.stack !== undefined && marker.stack === args.stack;
  const aliasing = `if this resource was renamed, give it the option ${alias}`;
  return {
    answer: `${holderOf(marker.stack, args.stack)} made or adopted it with this package`,
    remedy: renamed ? [aliasing] : [MOVED, aliasing],
  };
}

/**
 * Whether another resource has taken the grant since, so that an update has to take it back with an authentication, which writes
 * this resource's marker. Throws if it is not told to, by `onExisting: "adopt"`.
 */
export function isToBeTakenBack(
  run: Evidence,
  operation: string,
  found: Grant,
  { marker: inState }: OwnedState,
  args: Claim,
): boolean {
  const atNylas = markerOf(found);
  const taken = inState === undefined ? isMarkedByOther(atNylas, args.owner) : hasOtherOwner(atNylas, inState);
  if (!taken) return false;
  // The same update wrote this marker in an earlier run, which was killed before Pulumi saved the state.
  if (!isOfOtherStack(args, atNylas) && isInterruptedRename(run, atNylas, inState)) return false;
  if (args.onExisting === "adopt") return true;
  throw new AlreadyExistsError({
    code: "grant_exists",
    operation,
    answer:
      "another resource or stack has taken the grant since: it has adopted it, or both have created it at the same time. Nothing was changed",
    remedy:
      'manage the mailbox where the grant is held now, and remove this resource from the program: its grant stays. If nothing else manages it any more, set onExisting: "adopt" to take it back',
  });
}

/**
 * True if another owner has the grant, by its marker or by this run's records: Nylas may not return a marker just sent. Throws if
 * that cannot be told. A run that gives a renamed stack's grant another marker and is killed before Pulumi saves it leaves the same
 * traces as one of a stack that holds a copy of the state, and a deletion does not learn its stack's name.
 */
export function isTaken(
  run: Evidence,
  operation: string,
  found: Grant,
  { declared: { owner }, marker: inState }: OwnedState,
): boolean {
  const isOfProgram = run.owners.wasCreated(found.id) || run.owners.wasPlanned(found.id);
  if (isOfProgram || run.owners.isOwnedByOther(found.id, owner)) return true;
  const atNylas = markerOf(found);
  if (inState === undefined) return isMarkedByOther(atNylas, owner);
  if (!hasOtherOwner(atNylas, inState)) return false;
  if (!isInterruptedRename(run, atNylas, inState)) return true;
  if (run.owners.isStack(atNylas?.stack, inState.stack)) return false;
  throw new AlreadyExistsError({ code: "grant_exists", operation, ...unclearStack("grant") });
}

/** Whether a run on this machine replaced the marker in the state, and was cut off before Pulumi saved the new one. */
function isInterruptedRename(run: Evidence, atNylas: Marker | undefined, inState: Marker | undefined): boolean {
  if (atNylas?.nonce === undefined || !isSuccessor(atNylas, inState)) return false;
  return run.notes.find(atNylas.owner)?.nonce === atNylas.nonce;
}

/** For an imported grant, whose state has no marker: nobody had marked it when it was exported. */
function isMarkedByOther(atNylas: Marker | undefined, owner: string | undefined): boolean {
  return atNylas !== undefined && atNylas.owner !== owner;
}
