import type { MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Behaviors } from "../behaviors.js";
import type { ApiContext, Env } from "../http/context.js";
import type { ApiError } from "./errors.js";
import type { Page } from "./query.js";

export function answer(context: ApiContext, data: unknown, status: ContentfulStatusCode = 200): Response {
  return context.json({ request_id: context.var.requestId, data }, status);
}

/** Nylas: the response to DELETE has only the request id. */
export function answerDeleted(context: ApiContext): Response {
  return context.json({ request_id: context.var.requestId });
}

export function answerPage(
  context: ApiContext,
  items: readonly unknown[],
  page: Page,
  /** Most items, whatever the page says. */
  most = page.limit,
): Response {
  const data = items.slice(page.offset, page.offset + Math.min(page.limit, most));
  return context.json({ request_id: context.var.requestId, data, limit: page.limit, offset: page.offset });
}

export function answerError(context: ApiContext, error: ApiError, behaviors: Behaviors): Response {
  return context.json(errorEnvelope(context, error, behaviors), error.status);
}

/** Paths whose refusals clients read in OAuth's form: those of tokens. */
export const OAUTH_PATHS = ["/v3/connect/token", "/v3/connect/tokeninfo", "/v3/connect/revoke"];
/** Nylas's Python SDK cannot parse an error without error_uri. */
const ERROR_URI = "developer.nylas.com/docs/api/errors/400-response/";
/** Answers with tokens must not be cached (RFC 6749, 5.1). */
export function noStore(): MiddlewareHandler<Env> {
  return async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
  };
}

/** The status for which Nylas documents the form. */
const OAUTH_STATUS = 400;
/** The status of a method that these paths do not have. */
const NO_ENDPOINT = 404;

/** Nylas: in OAuth's form the request id is only in the header. */
export function errorEnvelope(
  context: ApiContext,
  { status, type, message }: Pick<ApiError, "type" | "message"> & { status: number },
  { oauthErrors }: Behaviors,
): Record<string, unknown> {
  const isOAuth = OAUTH_PATHS.includes(context.req.path) && status !== NO_ENDPOINT;
  if (isOAuth && (status === OAUTH_STATUS || oauthErrors === "flat")) {
    return { error: type, error_description: message, error_uri: ERROR_URI, error_code: status };
  }
  return { request_id: context.var.requestId, error: { type, message } };
}
