import { createHash } from "node:crypto";
import { AlreadyExistsError } from "../../errors.js";

/** First field of every marker; the number after it is the format's version. */
const PREFIX = "pulumi-nylas-imap";
/** Hexadecimal digits of a digest: 128 bits. */
const DIGEST_LENGTH = 32;
/** Digits of a digest that are shown. */
const SHOWN_DIGITS = 8;

/** The owner of a grant, stored in the grant's `state` field, which Nylas returns unchanged. */
export interface Marker {
  /**
   * Digest of organization, project, stack, type, name and parent of the resource that owns the grant, as they were at the last
   * authentication.
   */
  owner: string;
  /** Whether the grant existed before its owner adopted it. An adopted grant stays at destroy. */
  adopted: boolean;
  /** Digest of the owner's organization, project and stack. Absent from the first format. */
  stack?: string | undefined;
  /** Random; distinguishes owners with equal names. Kept while the owner has the grant. Absent from the first format. */
  nonce?: string | undefined;
  /** After a rename of the stack, until the next authentication: `nameOf` the marker before; see `isSuccessor`. */
  previous?: string | undefined;
}

/** What the state of each resource tells of its owner. */
export interface OwnedState {
  declared: { owner?: string | undefined; stack?: string | undefined };
  /** For objects that carry one. */
  marker?: Marker | undefined;
  adopted?: boolean | undefined;
  applicationId?: string | undefined;
}

/** The digest that identifies a resource or stack. */
export function ownerDigest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, DIGEST_LENGTH);
}

/** The text of a marker: at most 256 characters, Nylas's limit for `state`. */
export function formatMarker({ owner, adopted, stack, nonce, previous }: Marker): string {
  const kind = adopted ? "adopted" : "created";
  if (stack === undefined || nonce === undefined) return `${PREFIX}:1:${owner}:${kind}`;
  const fields = [PREFIX, "2", owner, stack, nonce, kind];
  return [...fields, ...(previous === undefined ? [] : [previous])].join(":");
}

/** The marker in a grant's `state`, in any released format; `undefined` if there is none. */
export function parseMarker(state: string | undefined): Marker | undefined {
  const [, owner, kind] = state?.match(/^pulumi-nylas-imap:1:([0-9a-f]+):(adopted|created)$/) ?? [];
  if (owner !== undefined) return { owner, adopted: kind === "adopted" };
  const match = state?.match(
    /^pulumi-nylas-imap:2:([0-9a-f]+):([0-9a-f]+):([0-9a-f]+):(adopted|created)(?::([0-9a-f]+))?$/,
  );
  if (match === null || match === undefined) return undefined;
  const [, current = "", stack, nonce, adopted, previous] = match;
  return { owner: current, stack, nonce, adopted: adopted === "adopted", previous };
}

/** The marker that a grant carries at Nylas. */
export function markerOf(grant: { state?: string | undefined }): Marker | undefined {
  return parseMarker(grant.state);
}

/** How a later marker refers to this one in `previous`: by its nonce, or in the first format by its owner. */
export function nameOf({ nonce, owner }: Marker): string {
  return nonce ?? owner;
}

/** Whether the marker at Nylas has replaced the one in the state after a rename of the stack. */
export function isSuccessor(atNylas: Marker | undefined, inState: Marker | undefined): boolean {
  return atNylas?.previous !== undefined && inState !== undefined && atNylas.previous === nameOf(inState);
}

/**
 * Whether the marker at Nylas has another owner than the one in the state. The nonce tells: names do not, because a renamed stack
 * and a later stack of its old name have equal digests, as have stacks with equal names in two backends. If a marker has no nonce
 * because it is in the first format, the owners' names are compared; if a marker is missing, it is nobody's.
 */
export function hasOtherOwner(atNylas: Marker | undefined, inState: Marker | undefined): boolean {
  if (atNylas === undefined || inState === undefined) return false;
  if (atNylas.nonce === undefined || inState.nonce === undefined) return atNylas.owner !== inState.owner;
  return atNylas.nonce !== inState.nonce;
}

/**
 * Whether a marker has to be written anew because the stack or its project was renamed, or the state moved. A resource that is renamed
 * within its stack keeps its marker, which has the old name until the next authentication. The first format names no stack, so there
 * every new name counts.
 */
export function isOfOtherStack(
  { owner, stack }: { owner?: unknown; stack?: unknown },
  inState: Marker | undefined,
): boolean {
  if (inState === undefined) return false;
  if (inState.stack === undefined) return typeof owner === "string" && inState.owner !== owner;
  return typeof stack === "string" && inState.stack !== stack;
}

/** A digest as people see it. */
export function shortened(digest: string): string {
  return digest.slice(0, SHOWN_DIGITS);
}

/** Names a stack of which only the digest is known. */
export function stackOfDigest(stack: string): string {
  return `a stack whose digest is ${shortened(stack)}`;
}

/** Where a reader finds the stack of a digest, which does not tell its name. */
const TRACING = "`nylas-imap doctor --state` of a stack shows its own";

/** Whose a marker is that is not this resource's. `ownStack` is the digest of this resource's stack. */
export function holderOf(stack: string | undefined, ownStack: string | undefined): string {
  // The first format does not name the stack.
  if (stack === undefined) return "another resource or stack";
  if (stack === ownStack) return "another resource of this stack";
  return `${stackOfDigest(stack)} (${TRACING})`;
}

/** The first step where another stack may have the object. */
export const MOVED = "if it was moved to another stack (`pulumi state move`), take it out of this program";

/** For a plan whose program has an object in two resources. `name` is the object's. */
export function heldTwice(kind: "grant" | "connector", operation: string, name: string): AlreadyExistsError {
  return new AlreadyExistsError({
    code: `${kind}_exists`,
    operation,
    answer: `another resource of this program holds ${name} too`,
    remedy: `remove one of the two from the program (after a rename, the one with the old name); the ${kind} and its id stay`,
  });
}

/** For the deletion of an object that the program may still declare: see `Owners.whyKept`. */
export function keptByProgram(
  kind: "grant" | "connector",
  operation: string,
  why: "declared" | "failed",
  alias: string,
): AlreadyExistsError {
  const object = kind === "grant" ? "this mailbox" : "the connector";
  const isDeclared = why === "declared";
  return new AlreadyExistsError({
    code: `${kind}_exists`,
    operation,
    answer: isDeclared
      ? `the program declares ${object} as another resource, which has not taken the ${kind}. Nothing was changed`
      : `another resource has failed in this run, so that the program may not have been seen whole. The ${kind} was not changed`,
    remedy: isDeclared
      ? `if that is the new name of this one, give it the option ${alias}; otherwise mend its error, or remove it, and run again`
      : "mend the other error, and run again",
  });
}

/** What a refresh says of an object that is gone. A reference lacks an owner or `adopted`, and so does an import before its first `up`. */
export function deletedOutside(object: string, { declared, adopted }: OwnedState): string {
  const isManaged = declared.owner !== undefined && adopted !== undefined;
  const condition = isManaged ? "" : " if the program declares it, and fails if it only refers to it";
  return `${object} was deleted outside of Pulumi; the next \`up\` makes another one${condition}`;
}

/** What a deletion says that cannot tell whether its stack still has the object. */
export function unclearStack(object: "grant" | "connector"): { answer: string; remedy: string } {
  return {
    answer:
      `a run on this machine has given the ${object} to a stack of another name, and is under way or was cut off: ` +
      "this stack was renamed, or another stack has a copy of its state. Nothing was changed",
    remedy:
      "let that run end, or run `pulumi up` in the stack of that name; then destroy again. " +
      'If that stack is gone, set onExisting: "adopt", run `pulumi up --refresh`, and destroy again',
  };
}
