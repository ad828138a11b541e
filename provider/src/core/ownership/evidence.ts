/**
 * Whose a grant or connector is. An object at Nylas belongs to one resource of one stack, and nobody else may change or delete it.
 *
 * - The **marker** (`marker.ts`) is the owner of a grant, in a field of the grant: digests of the resource's and the stack's names,
 *   which anybody can compute, and a random nonce. The state has it too. If the nonces are equal, the grant is the state's.
 * - A **note** (`notes.ts`) on this machine says which nonce a run was about to give away. It goes once a state has the result, so a
 *   note that is left is evidence of an interrupted run.
 * - The **journal** (`journal.ts`) on this machine is the owner of the connector, which has no field for a marker.
 * - The **owners** (`owners.ts`) in memory are what the present run knows of its program.
 *
 * Who wins, in this order:
 *
 * 1. The owners of the run, because two resources of one program must not share an object.
 * 2. The nonce in the state.
 * 3. Where no state has the object, a note with the object's nonce: the resource goes on with what its interrupted run has made.
 * 4. Otherwise the object is another's, whatever names its marker has: it stays as it is, or is adopted on request.
 *
 * A renamed stack gives its grants other nonces, and the marker names the one before (`previous`). A note tells an interrupted rename
 * from a copy of the state.
 */
import type { Host } from "../../host.js";
import type { Notes } from "./notes.js";
import type { Owners } from "./owners.js";

/** The resource that wants a grant, by its arguments. */
export interface Claim {
  imapUsername: string;
  onExisting: "fail" | "adopt";
  /** Digest of the resource's names. */
  owner?: string | undefined;
  /** Digest of its stack. */
  stack?: string | undefined;
}

/** What decides whose a grant is, besides the marker that it carries. */
export interface Evidence {
  owners: Owners;
  notes: Notes;
  host: Pick<Host, "wording">;
  /** `now` is Nylas's time in milliseconds since 1970. */
  client: { settings: { application: string }; now(): number | undefined };
}
