import type { ApiContext } from "../http/context.js";
import { ApiError } from "./errors.js";

export interface Page {
  limit: number;
  offset: number;
}

const PAGE_DEFAULT = 10;
const PAGE_MAX = 200;

export function pageOf(context: ApiContext): Page {
  return {
    limit: wholeNumber(context, "limit", PAGE_DEFAULT, { min: 1, max: PAGE_MAX }),
    offset: wholeNumber(context, "offset", 0, { min: 0, max: Number.MAX_SAFE_INTEGER }),
  };
}

/** A time in Unix seconds. */
export function seconds(context: ApiContext, name: string): number | undefined {
  const given = context.req.query(name);
  if (given === undefined) return undefined;
  if (!/^\d{1,12}$/.test(given)) throw ApiError.of("parameterNotATime", { parameter: name });
  return Number(given);
}

/** Refuses parameters that the emulator does not implement: ignoring them would give a wrong answer silently. */
export function refuseUnplayedParameters(context: ApiContext, names: readonly string[]): void {
  const found = names.find((name) => context.req.query(name) !== undefined);
  if (found !== undefined) throw ApiError.of("parameterNotPlayed", { parameter: found });
}

/** Of a message, only the standard fields are played. */
export function refuseOtherFields(context: ApiContext): void {
  if ((context.req.query("fields") ?? "standard") !== "standard") refuseUnplayedParameters(context, ["fields"]);
}

export function wholeNumber(
  context: ApiContext,
  name: string,
  whenAbsent: number,
  { min, max }: { min: number; max: number },
): number {
  const given = context.req.query(name);
  if (given === undefined || given === "") return whenAbsent;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    throw ApiError.of("parameterNotANumber", { parameter: name, min, max });
  }
  return value;
}
