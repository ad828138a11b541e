import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import type { Env } from "../http/context.js";
import { permissionFor } from "../permissions.js";
import { ApiError } from "./errors.js";

/**
 * Register after the API key is checked. Nylas: 403 for a call that the key's permissions do not cover. They say nothing of
 * access tokens.
 */
export function requirePermission(behaviors: Behaviors): MiddlewareHandler<Env> {
  return async ({ req, var: { tokenGrantId } }, next) => {
    const permission = tokenGrantId === undefined ? permissionFor(req.method, req.path) : undefined;
    if (permission !== undefined && behaviors.deniedPermissions.includes(permission)) {
      throw ApiError.of("permissionMissing", { permission });
    }
    await next();
  };
}
