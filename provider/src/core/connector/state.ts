import * as v from "valibot";
import { flag, readStored, text } from "../properties/stored.js";
import type { Values } from "../properties/values.js";

/** The public outputs of a connector. */
export interface ConnectorOutputs {
  provider: string;
  /** Absent if Nylas returns none and none is declared. */
  name: string;
  adopted: boolean;
  applicationId: string;
}

/** Declares the outputs to the engine; the provider supplies their values. */
export const CONNECTOR_OUTPUTS = {
  provider: undefined,
  name: undefined,
  adopted: undefined,
  applicationId: undefined,
} as const satisfies Record<keyof ConnectorOutputs, undefined>;

/** The arguments that the lifecycle reads from a state. The others pass through as they are. */
const Declared = v.looseObject({ owner: text, stack: text, deleteAdopted: flag, forceDelete: flag });

const Recorded = v.object({
  provider: text,
  /** As Nylas returns it, or the declared one if Nylas returns none. */
  name: text,
  adopted: flag,
  applicationId: text,
  /** The declared name, if Nylas has accepted it but still returns another. */
  requestedName: text,
  /** A refresh has seen that another resource or stack has taken the connector. */
  heldElsewhere: flag,
  /** The owner in states of version 0.1.0, which a rename did not update. */
  heldBy: text,
});

/** A connector as a state has it. Any output may be missing: a state of an earlier version, or of an import, has fewer. */
export interface ConnectorState extends v.InferOutput<typeof Recorded> {
  /** The arguments of the last run, and whatever else the state holds. */
  declared: v.InferOutput<typeof Declared>;
}

/** Reads what any released version has written. `writeConnectorState` returns the same record. */
export function readConnectorState(props: Values): ConnectorState {
  return readStored(Recorded, Declared, props);
}

export function writeConnectorState({ declared, name, ...outputs }: ConnectorState): Values {
  return { ...declared, ...(name === undefined ? {} : { name }), ...outputs };
}
