/** What the resource shows of its grant. */
export interface GrantOutputs {
  grantId: string;
  email: string;
  grantStatus: string;
  createdAt: string;
  updatedAt: string;
  adopted: boolean;
  applicationId: string;
}

/** Outputs that only the lifecycle reads. */
export interface HiddenOutputs {
  /** The owner marker as it was last sent, or as Nylas shows it. */
  marker?: string | undefined;
  /** A refresh has found another owner's marker on the grant. */
  heldElsewhere?: true | undefined;
  /** The last verification has failed. */
  verified?: false | undefined;
}

/** Names every output to the engine. Their values come from the provider. */
export const GRANT_OUTPUTS = {
  grantId: undefined,
  email: undefined,
  grantStatus: undefined,
  createdAt: undefined,
  updatedAt: undefined,
  adopted: undefined,
  applicationId: undefined,
} as const satisfies Record<keyof GrantOutputs, undefined>;

/** The outputs that an update without any request keeps. */
export const KEPT_OUTPUTS: readonly (keyof GrantOutputs | keyof HiddenOutputs)[] = [
  // The keys of an object literal are the ones that its type names.
  ...(Object.keys(GRANT_OUTPUTS) as (keyof GrantOutputs)[]),
  "marker",
  "heldElsewhere",
];
