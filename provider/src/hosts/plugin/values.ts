/** Property values on the wire: a `google.protobuf.Struct`, in which an object stands for each secret. */
import struct, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { isUnknown, UNKNOWN } from "../../core/properties/validate.js";
import type { Values } from "../../core/properties/values.js";
import { SECRET_SIGNATURE } from "../secret-signature.js";

const [[SIGNATURE, SECRET] = ["", ""]] = Object.entries(SECRET_SIGNATURE);

/** Plain values, and the names of those that are secret or contain a secret. */
export interface Bag {
  values: Values;
  secrets: string[];
}

/** A value that contains an unknown one is unknown. The values of some names are secret whether they are marked or not. */
export function unmarshal(wire: struct.Struct | undefined, secretNames: readonly string[] = []): Bag {
  const secrets = new Set(secretNames);
  const raw: Values = wire?.toJavaScript() ?? {};
  const values = Object.entries(raw).map(([name, value]) => {
    const found = { secret: false, unknown: false };
    const plain = reveal(value, found);
    if (found.secret) secrets.add(name);
    return [name, found.unknown ? UNKNOWN : plain];
  });
  return { values: Object.fromEntries(values), secrets: [...secrets] };
}

/** Marks the values of these names as secrets; the engine does not remember which ones were. Leaves out what is undefined, at any depth. */
export function marshal(values: Values, secrets: readonly string[] = []): struct.Struct {
  const defined: Values = JSON.parse(JSON.stringify(values));
  const entries = Object.entries(defined).map(([name, value]) => {
    const marks = secrets.includes(name) && value !== null && !isUnknown(value);
    return [name, marks ? { ...SECRET_SIGNATURE, value } : value];
  });
  // Values came from JSON or go to JSON, so they are of these types.
  return struct.Struct.fromJavaScript(Object.fromEntries(entries) as Record<string, JavaScriptValue>);
}

function reveal(value: unknown, found: { secret: boolean; unknown: boolean }): unknown {
  if (isUnknown(value)) found.unknown = true;
  if (Array.isArray(value)) return value.map((item) => reveal(item, found));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.some(([name, item]) => name === SIGNATURE && item === SECRET)) {
    found.secret = true;
    return reveal("value" in value ? value.value : undefined, found);
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, reveal(item, found)]));
}
