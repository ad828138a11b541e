import type { Host } from "../../host.js";
import type { UnsavedNotes } from "./notes.js";
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
  unsaved: UnsavedNotes;
  host: Pick<Host, "wording">;
  /** `now` is Nylas's time in milliseconds since 1970. */
  client: { settings: { application: string }; now(): number | undefined };
}
