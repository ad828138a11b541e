import type { MiddlewareHandler } from "hono";
import type { Env } from "./context.js";
import { localNames, nameOf } from "./local-names.js";

const METHODS = "GET, POST, PUT, PATCH, DELETE";
const EXPOSED = "x-request-id, retry-after, idempotent-response";
const MAX_AGE_SECONDS = "600";

/**
 * Lets web applications on this machine call the API from a browser, as Nylas's own library does (CORS). Other sites get no
 * permission: they might know the API key of a test, and the API logs in to any mail server it is told.
 */
export function answerOtherOrigins(boundTo: string): MiddlewareHandler<Env> {
  const isLocal = localNames(boundTo);
  return async (context, next) => {
    const origin = context.req.header("origin");
    const host = /^https?:\/\/(.*)$/.exec(origin ?? "")?.[1];
    if (origin === undefined || host === undefined || !isLocal(nameOf(host))) return next();
    const asks = context.req.method === "OPTIONS" && context.req.header("access-control-request-method") !== undefined;
    if (asks) context.res = new Response(null, { status: 204 });
    else await next();
    context.header("access-control-allow-origin", origin);
    context.header("vary", "origin");
    if (!asks) return context.header("access-control-expose-headers", EXPOSED);
    context.header("access-control-allow-methods", METHODS);
    context.header("access-control-allow-headers", context.req.header("access-control-request-headers") ?? "");
    context.header("access-control-max-age", MAX_AGE_SECONDS);
  };
}
