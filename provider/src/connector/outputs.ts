/** What the resource shows of its connector. */
export interface ConnectorOutputs {
  provider: string;
  /** Absent where Nylas shows none. */
  name: string;
  adopted: boolean;
  applicationId: string;
}

/** Outputs that only the lifecycle reads. */
export interface HiddenOutputs {
  /** The declared name, where Nylas has accepted a request for it and goes on showing another. */
  requestedName?: string | undefined;
}

/** Names every output to the engine. Their values come from the provider. */
export const CONNECTOR_OUTPUTS = {
  provider: undefined,
  name: undefined,
  adopted: undefined,
  applicationId: undefined,
} as const satisfies Record<keyof ConnectorOutputs, undefined>;

/** The outputs that an update without any request keeps. */
export const KEPT_OUTPUTS: readonly (keyof ConnectorOutputs | keyof HiddenOutputs)[] = [
  // The keys of an object literal are the ones that its type names.
  ...(Object.keys(CONNECTOR_OUTPUTS) as (keyof ConnectorOutputs)[]),
  "requestedName",
];
