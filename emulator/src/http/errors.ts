import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Behaviours } from "../behaviours.js";

/** A refusal in Nylas's error envelope. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly type: string;

  constructor(status: ContentfulStatusCode, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

export function invalidRequest(message: string, status: ContentfulStatusCode = 400): ApiError {
  return new ApiError(status, "api.invalid_request_error", message);
}

export function notFound(kind: "grant" | "other", behaviours: Behaviours): ApiError {
  if (behaviours.notFoundType === "plain") return new ApiError(404, "not_found_error", "requested object not found");
  return kind === "grant" && behaviours.notFoundType === "specific"
    ? new ApiError(404, "grant.not_found", "Grant not found.")
    : new ApiError(404, "api.not_found_error", "Resource not found.");
}

export function unauthorized(behaviours: Behaviours, message = "Unauthorized"): ApiError {
  return new ApiError(401, behaviours.unauthorizedType, message);
}

const NO_RESPONSE = "The mail server did not respond, or not over TLS.";

/** Of a data request. Nylas: 504, as its contract declares for each of them. */
export function providerUnreachable(): ApiError {
  return new ApiError(504, "api.provider_error", NO_RESPONSE);
}

/** Of an authentication, for which the contract declares nothing of the kind. */
export function unreachableAtLogin({ unreachableHost }: Behaviours): ApiError {
  return unreachableHost === "504"
    ? providerUnreachable()
    : new ApiError(400, "grant.provider_not_responding", NO_RESPONSE);
}

export function rateLimited(behaviours: Behaviours): ApiError {
  const { type, message } = errorOfStatus(429, behaviours);
  return new ApiError(429, type, message);
}

/** What a status alone means, for failures that a test asks for. Nylas: docs, api/errors. */
export function errorOfStatus(status: number, behaviours: Behaviours): { type: string; message: string } {
  const known: Readonly<Record<number, { type: string; message: string }>> = {
    400: { type: "api.invalid_request_error", message: "Bad request" },
    401: { type: "api.authentication_error", message: "Unauthorized" },
    403: { type: "grant.access_denied", message: "Access to Grant denied." },
    404: { type: "api.not_found_error", message: "Resource not found." },
    423: { type: "api.resource_blocked", message: "Resource blocked, contact administrator." },
    429: { type: behaviours.rateLimitType, message: "Rate limit error." },
    504: { type: "api.provider_error", message: "Provider request timed out." },
  };
  return known[status] ?? { type: "api.internal_error", message: "Internal error, contact administrator." };
}
