import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import type { Env } from "../http/context.js";
import { bearerOf } from "./api-key.js";
import { unauthorized } from "./errors.js";

/** The id of the grant that an access token is for; undefined if the token is unknown, revoked or expired. */
export type GrantIdOf = (accessToken: string) => string | undefined;

/** For paths that take the API key as well. */
export function acceptAccessToken(grantIdOf: GrantIdOf, behaviors: Behaviors): MiddlewareHandler<Env> {
  return async (context, next) => {
    const inHeader = grantIdOf(bearerOf(context));
    // Nylas's library for browsers asks for token information without a header.
    const isOwnProof = context.req.path === "/v3/connect/tokeninfo" && behaviors.tokenInfoProof === "token";
    context.set(
      "tokenGrantId",
      inHeader ?? (isOwnProof ? grantIdOf(context.req.query("access_token") ?? "") : undefined),
    );
    await next();
  };
}

/** For paths that do not take the API key, because it belongs to no grant. */
export function requireAccessToken(grantIdOf: GrantIdOf, behaviors: Behaviors): MiddlewareHandler<Env> {
  return async (context, next) => {
    const grantId = grantIdOf(bearerOf(context));
    if (grantId === undefined) throw unauthorized(behaviors);
    context.set("tokenGrantId", grantId);
    await next();
  };
}
