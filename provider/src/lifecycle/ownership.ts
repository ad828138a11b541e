import { createHash } from "node:crypto";

/** First part of every marker: the package and the marker's format. */
const PREFIX = "pulumi-nylas-imap:1";
/** Hexadecimal digits of the digest: 128 bits. */
const DIGEST_LENGTH = 32;

/** Whose grant it is, as written into Nylas's `state` field, which comes back unchanged. */
export interface Marker {
  /** Digest of organization, project, stack and resource: recognizable to its owner, meaningless to others. */
  owner: string;
  /** Whether the grant was there before its owner took it: such a grant stays at destroy, also after a killed run. */
  adopted: boolean;
}

/** The digest that stands for one resource of one stack. */
export function ownerDigest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, DIGEST_LENGTH);
}

export function formatMarker(marker: Marker): string {
  return `${PREFIX}:${marker.owner}:${marker.adopted ? "adopted" : "created"}`;
}

/** The marker in a grant's `state`, or `undefined` for anything else that stands there. */
export function parseMarker(state: string | undefined): Marker | undefined {
  const match = state?.match(/^pulumi-nylas-imap:1:([0-9a-f]+):(adopted|created)$/);
  const [, owner, kind] = match ?? [];
  return owner === undefined ? undefined : { owner, adopted: kind === "adopted" };
}
