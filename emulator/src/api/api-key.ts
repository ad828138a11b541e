import type { MiddlewareHandler } from "hono";
import { sameSecret } from "../secret.js";
import type { Env, World } from "./context.js";
import { unauthorized } from "./errors.js";

export function requireApiKey(world: World): MiddlewareHandler<Env> {
  return async (context, next) => {
    const given = /^Bearer (.+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
    if (!sameSecret(given, world.apiKey)) throw unauthorized(world.behaviours);
    await next();
  };
}
