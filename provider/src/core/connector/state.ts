/** The public outputs of a connector. */
export interface ConnectorOutputs {
  provider: string;
  /** Absent if Nylas returns none. */
  name: string;
  adopted: boolean;
  applicationId: string;
}

/** Outputs that only the lifecycle reads. */
export interface HiddenOutputs {
  /** The declared name, if Nylas has accepted it but still returns another. */
  requestedName?: string | undefined;
  /** A refresh has seen that another resource or stack has taken the connector. */
  heldElsewhere?: boolean | undefined;
}

/** Declares the outputs to the engine; the provider supplies their values. */
export const CONNECTOR_OUTPUTS = {
  provider: undefined,
  name: undefined,
  adopted: undefined,
  applicationId: undefined,
} as const satisfies Record<keyof ConnectorOutputs, undefined>;

/** The outputs that an update without a request carries over. */
export const KEPT_OUTPUTS: readonly (keyof ConnectorOutputs | keyof HiddenOutputs)[] = [
  // `Object.keys` returns `string[]`; an object literal has exactly the keys of its type.
  ...(Object.keys(CONNECTOR_OUTPUTS) as (keyof ConnectorOutputs)[]),
  "requestedName",
];
