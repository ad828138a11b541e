import { REFUSALS, type Refusal, STATUS_ERRORS } from "../../src/conventions/refusals.js";

/** A refusal. */
export interface Refused {
  status: number;
  type: string;
  message: string;
}

/** One kind of refusal of the emulator. */
export interface Variant {
  name: string;
  status: number;
  type: string;
  text: string;
}

/** Every refusal of the emulator's catalogue, once for each status and type that it may have. */
export const CATALOGUE: readonly Variant[] = Object.entries<Refusal>(REFUSALS).flatMap(([name, refusal]) => {
  return each(refusal.status).flatMap((status) => variantsOf(name, status, refusal));
});

/** Failures that fault rules cause. */
export const ASKED_FOR: readonly Variant[] = Object.entries(STATUS_ERRORS).flatMap(([status, error]) => {
  return variantsOf(`fault ${status}`, Number(status), error);
});

export function isRefusedAs({ status, type, text }: Variant, refused: Refused): boolean {
  return refused.status === status && refused.type === type && patternOf(text).test(refused.message);
}

function variantsOf(name: string, status: number, { type, text }: Pick<Refusal, "type" | "text">): Variant[] {
  return each(type).map((one) => ({ name, status, type: one, text }));
}

function each<Value extends string | number>(value: Value | readonly Value[]): readonly Value[] {
  return typeof value === "object" ? value : [value];
}

/** `<name>` stands for any text. */
function patternOf(text: string): RegExp {
  const parts = text.split(/<\w+>/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`);
}
