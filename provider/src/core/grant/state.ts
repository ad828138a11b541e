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

/** Outputs that are no properties of the class. */
export interface HiddenOutputs {
  /** Equal to the id, for readers of a state. As a property of the class it would be unknown in the plan of an update. */
  grantId?: string | undefined;
  /** The owner marker as Nylas returns it, or as it was last sent if Nylas returns none. */
  marker?: string | undefined;
  /** Set if a refresh has found another owner's marker on the grant. */
  heldElsewhere?: true | undefined;
  /** Set if the last verification failed. */
  verified?: false | undefined;
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

/** The outputs that an update without a request carries over. */
export const KEPT_OUTPUTS: readonly (keyof GrantOutputs | keyof HiddenOutputs)[] = [
  // `Object.keys` returns `string[]`; an object literal has exactly the keys of its type.
  ...(Object.keys(GRANT_OUTPUTS) as (keyof GrantOutputs)[]),
  "grantId",
  "marker",
  "heldElsewhere",
];
