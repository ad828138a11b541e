import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { applicationRoutes } from "./api/applications.js";
import { hostedAuthRoutes } from "./api/connect/auth/auth.js";
import { customAuthRoutes } from "./api/connect/custom.js";
import { tokenRoutes } from "./api/connect/token.js";
import { connectorRoutes } from "./api/connectors.js";
import { detectRoutes } from "./api/detect.js";
import { grantRoutes } from "./api/grants/grants.js";
import { messageRoutes } from "./api/messages/messages.js";
import { sendRoutes } from "./api/messages/send.js";
import { noEndpoint, unplayedRoutes } from "./api/unplayed.js";
import { type Control, controlRoutes } from "./control/routes.js";
import { answer, answerError } from "./http/answer.js";
import { requireApiKey } from "./http/api-key.js";
import type { Api, Env, World } from "./http/context.js";
import { ApiError } from "./http/errors.js";
import { rateLimit } from "./http/rate-limit.js";

/** Paths an API key opens. Others are public, or do not exist and say so to everybody. */
const KEYED_PATHS = ["/v3/applications", "/v3/connectors", "/v3/connect/custom", "/v3/grants", "/v3/providers"];

export function createApp(world: World, control: Control): Api {
  const api: Api = new Hono<Env>();

  api.use(async (context, next) => {
    context.set("requestId", randomUUID());
    await next();
    context.header("x-request-id", context.var.requestId);
  });
  api.use("/v3/*", control.log, control.faults);
  api.use("/v3/*", rateLimit(world));
  for (const path of [...KEYED_PATHS, "/_emulator"]) {
    api.use(path, requireApiKey(world));
    api.use(`${path}/*`, requireApiKey(world));
  }

  // Nylas's own command line tool asks this path, without a key, whether anybody is there.
  api.get("/v3/", (context) => answer(context, {}));
  applicationRoutes(api, world);
  connectorRoutes(api, world);
  customAuthRoutes(api, world);
  hostedAuthRoutes(api, world);
  tokenRoutes(api, world);
  grantRoutes(api, world);
  messageRoutes(api, world);
  sendRoutes(api, world);
  detectRoutes(api, world);
  controlRoutes(api, world, control);
  unplayedRoutes(api);

  api.notFound((context) => answerError(context, noEndpoint(context, world)));
  api.onError((error, context) => answerError(context, toApiError(error)));
  return api;
}

/** An unforeseen error keeps its text to itself: it may repeat what a mail server or a request said. */
function toApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError(500, "api.internal_error", "Internal error, contact administrator.");
}
