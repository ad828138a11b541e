import * as v from "valibot";
import type { Host } from "../../host.js";
import { DEFAULT_APPLICATION } from "../../settings.js";
import {
  applicationName,
  type CheckFailure,
  flag,
  oneOf,
  type Properties,
  text,
  validate,
} from "../properties/validate.js";
import { namesWith, pick, type Values } from "../properties/values.js";

/** Inputs that the resource class sets, not the user. */
const HIDDEN_ARGUMENTS = ["owner", "stack"] as const;

const entries = {
  name: v.optional(text),
  onExisting: v.optional(oneOf(["fail", "adopt"]), "fail"),
  deleteAdopted: v.optional(flag, false),
  forceDelete: v.optional(flag, false),
  application: v.optional(applicationName, DEFAULT_APPLICATION),
  owner: v.optional(text),
  stack: v.optional(text),
} satisfies Record<string, v.GenericSchema>;

type ArgumentName = keyof typeof entries;
/** The names that a program may give. */
export type PublicArgumentName = Exclude<ArgumentName, (typeof HIDDEN_ARGUMENTS)[number]>;

/** What a change does. `recorded`: it is written to the state, and no request is sent. */
const ON_CHANGE = {
  name: "renames",
  onExisting: "recorded",
  deleteAdopted: "recorded",
  forceDelete: "recorded",
  application: "replaces",
  owner: "recorded",
  stack: "ignored",
} as const satisfies Record<ArgumentName, "renames" | "recorded" | "replaces" | "ignored">;

const schema = v.object(entries);

/** The checked arguments of a connector. */
export type ConnectorArguments = v.InferOutput<typeof schema>;

export const CONNECTOR_ARGUMENTS = Object.keys(entries);
export const CONNECTOR_DEFAULTS: Values = v.getDefaults(schema);
export const RECORDED_ARGUMENTS = namesWith<string>(ON_CHANGE, "recorded");
export const REPLACING_ARGUMENTS = namesWith<string>(ON_CHANGE, "replaces");

const properties: Properties = {
  schemas: entries,
  required: [],
  secret: [],
  hidden: HIDDEN_ARGUMENTS,
};

/** Validates the arguments; a value that is not known yet passes. */
export function checkConnectorArguments(_host: Host, news: Values): { inputs: Values; failures: CheckFailure[] } {
  const inputs = pick(news, Object.keys(news));
  return { inputs, failures: validate(properties, inputs) };
}

/** Parses arguments that have passed `check`. */
export function readConnectorArguments(values: Values): ConnectorArguments {
  return v.parse(schema, pick(values, CONNECTOR_ARGUMENTS));
}
