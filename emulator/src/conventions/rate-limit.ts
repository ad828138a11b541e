import type { MiddlewareHandler } from "hono";
import type { Behaviors } from "../behaviors.js";
import type { Env } from "../http/context.js";
import { ApiError } from "./errors.js";

const WINDOW_MS = 1000;
export const RETRY_AFTER_SECONDS = "1";

/** Limits the requests per second over a sliding window. Off by default. */
export function rateLimit(behaviors: Behaviors): MiddlewareHandler<Env> {
  let recent: number[] = [];
  return async (context, next) => {
    if (behaviors.rateLimitPerSecond === 0) return next();
    const now = Date.now();
    recent = recent.filter((time) => time > now - WINDOW_MS);
    if (recent.length >= behaviors.rateLimitPerSecond) {
      if (behaviors.rateLimitRetryAfter === "header") context.header("retry-after", RETRY_AFTER_SECONDS);
      throw ApiError.of("rateLimited", { type: behaviors.rateLimitType });
    }
    recent.push(now);
    return next();
  };
}
