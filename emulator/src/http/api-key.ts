import type { MiddlewareHandler } from "hono";
import { sameSecret } from "../secret.js";
import type { ApiContext, Env, World } from "./context.js";
import { unauthorized } from "./errors.js";

export function requireApiKey(world: World): MiddlewareHandler<Env> {
  return async (context, next) => {
    if (!sameSecret(bearerOf(context), world.apiKey)) throw unauthorized(world.behaviours);
    await next();
  };
}

/** The key of the request's header, or an empty text. */
export function bearerOf(context: ApiContext): string {
  return /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
}
