import * as v from "valibot";
import { formatMarker, parseMarker } from "../ownership/marker.js";
import { flag, readStored, text } from "../properties/stored.js";
import type { Values } from "../properties/values.js";

/** What Nylas says of a grant: whether it can log in. It may add other words. */
export type GrantStatus = "valid" | "invalid" | (string & {});

/** The public outputs of a grant, of which the class takes `grantId` from `id`. */
export interface GrantOutputs {
  email: string;
  grantStatus: GrantStatus;
  createdAt: string;
  updatedAt: string;
  adopted: boolean;
  applicationId: string;
}

/** Declares the outputs to the engine; the provider supplies their values. They are unknown in the plan of an update. */
export const GRANT_OUTPUTS = {
  email: undefined,
  grantStatus: undefined,
  createdAt: undefined,
  updatedAt: undefined,
  adopted: undefined,
  applicationId: undefined,
} as const satisfies Record<keyof GrantOutputs, undefined>;

/** The arguments that the lifecycle reads from a state. The others pass through as they are. */
const Declared = v.looseObject({ imapUsername: text, owner: text, stack: text, deleteAdopted: flag });

const Recorded = v.object({
  email: text,
  grantStatus: text,
  createdAt: text,
  updatedAt: text,
  adopted: flag,
  applicationId: text,
  /** Equal to the id, for readers of a state. As a property of the class it would be unknown in the plan of an update. */
  grantId: text,
  /** As Nylas returns it, or as it was last sent if Nylas returns none. */
  marker: v.pipe(text, v.transform(parseMarker)),
  /** Set if a refresh has found another owner's marker on the grant. */
  heldElsewhere: flag,
  /** `false` if the last verification failed. */
  verified: flag,
});

/** A grant as a state has it. Any output may be missing: a state of an earlier version, or of an import, has fewer. */
export interface GrantState extends v.InferOutput<typeof Recorded> {
  /** The arguments of the last run, and whatever else the state holds. Those of version 0.1.0 include passwords. */
  declared: v.InferOutput<typeof Declared>;
}

/** Reads what any released version has written. `writeGrantState` returns the same record. */
export function readGrantState(props: Values): GrantState {
  return readStored(Recorded, Declared, props);
}

export function writeGrantState({ declared, marker, ...outputs }: GrantState): Values {
  return { ...declared, ...outputs, ...(marker === undefined ? {} : { marker: formatMarker(marker) }) };
}

/** How messages name the mailbox. */
export function mailboxOf({ email, declared }: GrantState): string {
  return email ?? declared.imapUsername ?? "an unknown mailbox";
}
