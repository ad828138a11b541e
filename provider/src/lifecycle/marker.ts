import { createHash } from "node:crypto";

/** First part of every marker; the number after it is the marker's format. */
const PREFIX = "pulumi-nylas-imap";
/** Hexadecimal digits of a digest: 128 bits. */
const DIGEST_LENGTH = 32;

/**
 * Whose grant it is, as written into Nylas's `state` field, which comes back unchanged.
 *
 * The digests are made of names: whoever knows or guesses the organization, project, stack and resource can compute them. A
 * marker is therefore a label and no proof; see `isHeldByOther` and `claim` for what is required besides.
 */
export interface Marker {
  /** Digest of organization, project, stack, type, name and parent of the resource that holds the grant. */
  owner: string;
  /** Whether the grant existed before its owner took it: such a grant stays at destroy. */
  adopted: boolean;
  /** Digest of the owner's organization, project and stack. Absent from the first format. */
  stack?: string | undefined;
  /** Random, one for each grant that a resource takes: tells two owners with equal names apart. Absent from the first format. */
  nonce?: string | undefined;
  /** After a change of the resource's or the stack's name, until the next authentication: the marker before, see `isSuccessor`. */
  previous?: string | undefined;
}

/** The digest that stands for one resource or one stack. */
export function ownerDigest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, DIGEST_LENGTH);
}

/** At most 256 characters, Nylas's limit for `state`. */
export function formatMarker({ owner, adopted, stack, nonce, previous }: Marker): string {
  const kind = adopted ? "adopted" : "created";
  if (stack === undefined || nonce === undefined) return `${PREFIX}:1:${owner}:${kind}`;
  const fields = [PREFIX, "2", owner, stack, nonce, kind];
  return [...fields, ...(previous === undefined ? [] : [previous])].join(":");
}

/** The marker in a grant's `state`, of any released format, or `undefined` for anything else. */
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

/** What a marker's successor calls it: its nonce, or in the first format its owner. */
export function nameOf({ nonce, owner }: Marker): string {
  return nonce ?? owner;
}

/** Whether the marker at Nylas replaced the one in the state because the resource or its stack was renamed. */
export function isSuccessor(atNylas: Marker | undefined, inState: Marker | undefined): boolean {
  return atNylas?.previous !== undefined && inState !== undefined && atNylas.previous === nameOf(inState);
}

/**
 * Whether the marker at Nylas is another holder's than the one in the state. Equal owners are not enough: a renamed stack and
 * a later one of its old name have equal digests, and so have two backends with equal names. Where one of the two is missing
 * or of the first format, only what both have is compared.
 */
export function isHeldByOther(atNylas: Marker | undefined, inState: Marker | undefined): boolean {
  if (atNylas === undefined || inState === undefined) return false;
  if (atNylas.owner !== inState.owner) return true;
  return atNylas.nonce !== undefined && inState.nonce !== undefined && atNylas.nonce !== inState.nonce;
}
