import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ApiContext } from "./context.js";
import type { ApiError } from "./errors.js";
import type { Page } from "./query.js";

export function answer(context: ApiContext, data: unknown, status: ContentfulStatusCode = 200): Response {
  return context.json({ request_id: context.var.requestId, data }, status);
}

/** Nylas: the response to DELETE has only the request id. */
export function answerDeleted(context: ApiContext): Response {
  return context.json({ request_id: context.var.requestId });
}

export function answerPage(context: ApiContext, items: readonly unknown[], page: Page): Response {
  const data = items.slice(page.offset, page.offset + page.limit);
  return context.json({ request_id: context.var.requestId, data, limit: page.limit, offset: page.offset });
}

export function answerError(context: ApiContext, error: ApiError): Response {
  const { type, message } = error;
  return context.json({ request_id: context.var.requestId, error: { type, message } }, error.status);
}
