import * as v from "valibot";
import type { Values } from "./values.js";

/** A text of a state; `undefined` for anything else, as a state may come from any version, or from hands. */
export const text = v.fallback(v.optional(v.string()), undefined);

/** A boolean of a state; `undefined` for anything else. */
export const flag = v.fallback(v.optional(v.boolean()), undefined);

export function without(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}
