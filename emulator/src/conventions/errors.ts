import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Behaviors } from "../behaviors.js";
import { REFUSALS, type Refusal, type RefusalName, STATUS_ERRORS } from "./refusals.js";

const FIRST_SERVER_ERROR = 500;

type Entry<Name extends RefusalName> = (typeof REFUSALS)[Name];
type Each<Value> = Value extends readonly (infer Item)[] ? Item : Value;
type Gap<Text extends string> = Text extends `${string}<${infer Name}>${infer Rest}` ? Name | Gap<Rest> : never;

/** Values for the placeholders, and the choice where an entry has several statuses or types. */
type Details<Name extends RefusalName> = Readonly<Record<Gap<Entry<Name>["text"]>, string | number>> & {
  readonly status?: Each<Entry<Name>["status"]>;
  readonly type?: Each<Entry<Name>["type"]>;
};
type DetailsArgument<Name extends RefusalName> = [Gap<Entry<Name>["text"]>] extends [never]
  ? [details?: Details<Name>]
  : [details: Details<Name>];

/** An error that is answered in Nylas's error envelope. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly type: string;

  /** Protected, so that every error of the API has an entry in the catalogue. */
  protected constructor(status: ContentfulStatusCode, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }

  /** Example: `ApiError.of("connectorExists", { provider, status: 409 })`. */
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

/** For a wrong API key or access token. */
export function unauthorized({ unauthorizedType }: Behaviors): ApiError {
  return ApiError.of("unauthorized", { type: unauthorizedType });
}

export function notFound(kind: "grant" | "other", behaviors: Behaviors): ApiError {
  const { notFoundType } = behaviors;
  if (kind === "grant" && behaviors.missingGrant === "401") return unauthorized(behaviors);
  if (notFoundType === "plain") return ApiError.of("notFoundPlain");
  return ApiError.of(kind === "grant" && notFoundType === "specific" ? "grantNotFound" : "notFound");
}

/** For data requests, whose grant is invalid. */
export function invalidGrant({ invalidGrant: status, unauthorizedType }: Behaviors): ApiError {
  return status === "403" ? ApiError.of("grantAccessDenied") : ApiError.of("grantInvalid", { type: unauthorizedType });
}

/** For data requests; `reason` continues "The mail server ". The contract declares 504 for each of them. */
export function providerUnreachable(reason: string): ApiError {
  return ApiError.of("unreachable", { reason });
}

/** For authentications. The contract declares no such error for them, so a behavior chooses. */
export function unreachableAtLogin(reason: string, { unreachableHost }: Behaviors): ApiError {
  return ApiError.of(unreachableHost === "504" ? "unreachable" : "unreachableAtLogin", { reason });
}

/** What an injected fault says; a status without an entry says what 400 or 500 does. */
export function errorOfStatus(status: number, { rateLimitType }: Behaviors): { type: string; message: string } {
  const { type, text } =
    STATUS_ERRORS[status] ?? STATUS_ERRORS[status < FIRST_SERVER_ERROR ? 400 : 500] ?? REFUSALS.internalError;
  return { type: status === 429 ? rateLimitType : firstOf(type), message: text };
}

function firstOf<Value extends string | number>(value: Value | readonly Value[]): Value {
  if (typeof value !== "object") return value;
  const [first] = value;
  if (first === undefined) throw new Error("A refusal needs a status and a type.");
  return first;
}
