import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { type Control, controlRoutes } from "../control/routes.js";
import { requireApiKey } from "./api-key.js";
import { applicationRoutes } from "./applications.js";
import { connectorRoutes } from "./connectors.js";
import type { Api, Env, World } from "./context.js";
import { customAuthRoutes } from "./custom-auth.js";
import { detectRoutes } from "./detect.js";
import { answer, answerError } from "./envelope.js";
import { ApiError } from "./errors.js";
import { grantRoutes } from "./grants.js";
import { hostedAuthRoutes } from "./hosted-auth.js";
import { messageRoutes } from "./messages.js";
import { rateLimit } from "./rate-limit.js";
import { sendRoutes } from "./send.js";
import { tokenRoutes } from "./token.js";
import { noEndpoint, unplayedRoutes } from "./unplayed.js";

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
