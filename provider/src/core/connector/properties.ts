import * as v from "valibot";
import type { Host } from "../../host.js";
import { DEFAULT_APPLICATION } from "../../settings.js";
import { namesWhere, type Property, type PublicName, schemasOf } from "../properties/table.js";
import { applicationName, type CheckFailure, flag, oneOf, text, validate } from "../properties/validate.js";
import { pick, type Values } from "../properties/values.js";

/** Each property of a connector. `onChange`: what a change does. `recorded`: it is written to the state, and no request is sent. */
export const TABLE = {
  name: { schema: v.optional(text), onChange: "renames" },
  onExisting: { schema: v.optional(oneOf(["fail", "adopt"]), "fail"), onChange: "recorded" },
  deleteAdopted: { schema: v.optional(flag, false), onChange: "recorded" },
  forceDelete: { schema: v.optional(flag, false), onChange: "recorded" },
  application: { schema: v.optional(applicationName, DEFAULT_APPLICATION), onChange: "replaces", mayHoldSecret: true },
  owner: { schema: v.optional(text), onChange: "recorded", hidden: true },
  stack: { schema: v.optional(text), onChange: "ignored", hidden: true },
} as const satisfies Record<string, Property & { onChange: "renames" | "recorded" | "replaces" | "ignored" }>;

/** The names that a program may give. */
export type PublicArgumentName = PublicName<typeof TABLE>;

const schema = v.object(schemasOf(TABLE));

/** The checked arguments of a connector. */
export interface ConnectorArguments extends v.InferOutput<typeof schema> {
  /** The arguments as the program gives them, without defaults: what the state holds. */
  declared: Values;
}

export const CONNECTOR_ARGUMENTS = Object.keys(TABLE);
export const CONNECTOR_DEFAULTS: Values = v.getDefaults(schema);
export const RECORDED_ARGUMENTS = namesWhere(TABLE, ({ onChange }) => onChange === "recorded");
export const REPLACING_ARGUMENTS = namesWhere(TABLE, ({ onChange }) => onChange === "replaces");

/** Validates the arguments; a value that is not known yet passes. */
export function checkConnectorArguments(_host: Host, news: Values): { inputs: Values; failures: CheckFailure[] } {
  const inputs = pick(news, Object.keys(news));
  return { inputs, failures: validate(TABLE, inputs) };
}

/** Parses arguments that have passed `check`. */
export function readConnectorArguments(values: Values): ConnectorArguments {
  const declared = pick(values, CONNECTOR_ARGUMENTS);
  return { ...v.parse(schema, declared), declared };
}
