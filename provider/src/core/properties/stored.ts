import * as v from "valibot";
import type { Values } from "./values.js";

/** A text of a state; `undefined` for anything else, as any version may have written the state, or somebody may have edited it. */
export const text = v.fallback(v.optional(v.string()), undefined);

/** A boolean of a state; `undefined` for anything else. */
export const flag = v.fallback(v.optional(v.boolean()), undefined);

/** Reads a record of a state: the outputs by name, and all else as what was declared. */
export function readStored<Outputs extends v.ObjectEntries, Arguments extends v.ObjectEntries>(
  outputs: v.ObjectSchema<Outputs, undefined>,
  declared: v.LooseObjectSchema<Arguments, undefined>,
  props: Values,
) {
  const others = Object.entries(props).filter(([name]) => !(name in outputs.entries));
  return { ...v.parse(outputs, props), declared: v.parse(declared, Object.fromEntries(others)) };
}
