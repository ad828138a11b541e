import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Behaviours } from "../behaviours.js";
import { REFUSALS, type Refusal, type RefusalName, STATUS_ERRORS } from "./refusals.js";

type Entry<Name extends RefusalName> = (typeof REFUSALS)[Name];
type Each<Value> = Value extends readonly (infer Item)[] ? Item : Value;
type Gap<Text extends string> = Text extends `${string}<${infer Name}>${infer Rest}` ? Name | Gap<Rest> : never;

/** What the text leaves open, and which of several statuses or types. */
type Details<Name extends RefusalName> = Readonly<Record<Gap<Entry<Name>["text"]>, string | number>> & {
  readonly status?: Each<Entry<Name>["status"]>;
  readonly type?: Each<Entry<Name>["type"]>;
};
type DetailsArgument<Name extends RefusalName> = [Gap<Entry<Name>["text"]>] extends [never]
  ? [details?: Details<Name>]
  : [details: Details<Name>];

/** A refusal in Nylas's error envelope. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly type: string;

  /** Protected, so that every refusal of the API is an entry of the catalogue. */
  protected constructor(status: ContentfulStatusCode, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }

  /** `ApiError.of("connectorExists", { provider, status: 409 })` */
  static of<Name extends RefusalName>(name: Name, ...details: DetailsArgument<Name>): ApiError;
  static of(
    name: RefusalName,
    details: Readonly<Record<string, string | number>> & { status?: ContentfulStatusCode; type?: string } = {},
  ): ApiError {
    const refusal: Refusal = REFUSALS[name];
    const { status = firstOf(refusal.status), type = firstOf(refusal.type) } = details;
    const message = refusal.text.replace(/<(\w+)>/g, (_gap, field: string) => String(details[field]));
    return new ApiError(status, type, message);
  }
}

export function notFound(kind: "grant" | "other", { notFoundType }: Behaviours): ApiError {
  if (notFoundType === "plain") return ApiError.of("notFoundPlain");
  return ApiError.of(kind === "grant" && notFoundType === "specific" ? "grantNotFound" : "notFound");
}

/** Of a data request. Nylas: 504, as its contract declares for each of them. */
export function providerUnreachable(): ApiError {
  return ApiError.of("unreachable");
}

/** Of an authentication, for which the contract declares nothing of the kind. */
export function unreachableAtLogin({ unreachableHost }: Behaviours): ApiError {
  return ApiError.of(unreachableHost === "504" ? "unreachable" : "unreachableAtLogin");
}

/** What a status alone means, for failures that a test asks for. */
export function errorOfStatus(status: number, { rateLimitType }: Behaviours): { type: string; message: string } {
  const { type, text } = STATUS_ERRORS[status] ?? REFUSALS.internalError;
  return { type: status === 429 ? rateLimitType : firstOf(type), message: text };
}

function firstOf<Value extends string | number>(value: Value | readonly Value[]): Value {
  if (typeof value !== "object") return value;
  const [first] = value;
  if (first === undefined) throw new Error("A refusal needs a status and a type.");
  return first;
}
