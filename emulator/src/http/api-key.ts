import type { MiddlewareHandler } from "hono";
import type { Behaviours } from "../behaviours.js";
import { sameSecret } from "../secret.js";
import type { ApiContext, Env } from "./context.js";
import { ApiError } from "./errors.js";

export function requireApiKey(apiKey: string, behaviours: Behaviours): MiddlewareHandler<Env> {
  return async (context, next) => {
    if (!sameSecret(bearerOf(context), apiKey))
      throw ApiError.of("unauthorized", { type: behaviours.unauthorizedType });
    await next();
  };
}

/** The token of the Authorization header, or an empty string. */
export function bearerOf(context: ApiContext): string {
  return /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
}
