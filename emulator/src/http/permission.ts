import type { MiddlewareHandler } from "hono";
import type { Behaviours } from "../behaviours.js";
import { permissionFor } from "../permissions.js";
import type { Env } from "./context.js";
import { ApiError } from "./errors.js";

/** Register after the API key is checked. Nylas: 403 for a call that the key's permissions do not cover. */
export function requirePermission(behaviours: Behaviours): MiddlewareHandler<Env> {
  return async ({ req }, next) => {
    const permission = permissionFor(req.method, req.path);
    if (permission !== undefined && behaviours.deniedPermissions.includes(permission)) {
      throw ApiError.of("permissionMissing", { permission });
    }
    await next();
  };
}
