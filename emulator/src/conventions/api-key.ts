import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import type { ApiContext, Env } from "../http/context.js";
import { sameSecret } from "../secret.js";
import { unauthorized } from "./errors.js";

/** An access token that has been accepted counts as the key: register what accepts one before. */
export function requireApiKey(apiKey: string, behaviors: Behaviors): MiddlewareHandler<Env> {
  return async (context, next) => {
    if (context.var.tokenGrantId === undefined && !sameSecret(bearerOf(context), apiKey)) throw unauthorized(behaviors);
    await next();
  };
}

/** The token of the Authorization header, or an empty string. */
export function bearerOf(context: ApiContext): string {
  return /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
}
