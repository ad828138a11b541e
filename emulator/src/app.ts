import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { applicationRoutes } from "./api/applications.js";
import { hostedAuthRoutes } from "./api/connect/auth/auth.js";
import { customAuthRoutes } from "./api/connect/custom.js";
import { FailureCount } from "./api/connect/failure-count.js";
import { IdTokens } from "./api/connect/tokens/id-tokens.js";
import { PendingCodes } from "./api/connect/tokens/pending-codes.js";
import { tokenRoutes } from "./api/connect/tokens/token.js";
import { tokenInfoRoutes } from "./api/connect/tokens/token-info.js";
import { Tokens } from "./api/connect/tokens/tokens.js";
import { connectorRoutes } from "./api/connectors.js";
import { grantView } from "./api/grants/grant-view.js";
import { grantRoutes } from "./api/grants/grants.js";
import { messageRoutes } from "./api/messages/messages.js";
import { sendRoutes } from "./api/messages/send.js";
import { providerRoutes } from "./api/providers.js";
import { noEndpoint, unplayedRoutes } from "./api/unplayed.js";
import type { BehaviorReport, Behaviors } from "./behaviors.js";
import { refuseForeignSites } from "./control/foreign-sites.js";
import type { MailEndpoints } from "./control/overview.js";
import { pageRoutes } from "./control/page.js";
import { authorityRoute, controlRoutes, createControl } from "./control/routes.js";
import { acceptAccessToken, requireAccessToken } from "./conventions/access-token.js";
import { answer, answerError, noStore, OAUTH_PATHS } from "./conventions/answer.js";
import { requireApiKey } from "./conventions/api-key.js";
import { requireContentType } from "./conventions/content-type.js";
import { ApiError } from "./conventions/errors.js";
import { requirePermission } from "./conventions/permission.js";
import { rateLimit } from "./conventions/rate-limit.js";
import type { Api, Env } from "./http/context.js";
import { latency } from "./http/latency.js";
import { answerOtherOrigins } from "./http/other-origins.js";
import type { MailClient } from "./mail-client/mail-client.js";
import type { MailboxStore } from "./mail-server/mailbox-store.js";
import type { Region } from "./options.js";
import type { Random } from "./random.js";
import type { Store } from "./store/store.js";

/** What an access token opens in the place of the API key, together with `/v3/grants/me`. */
const TOKEN_PATHS = ["/v3/connect/tokeninfo", "/v3/connect/revoke"];
/** Paths that require an API key. The other ones are public or do not exist. */
const KEYED_PATHS = [
  "/v3/applications",
  "/v3/connectors",
  "/v3/connect/custom",
  "/v3/grants",
  "/v3/providers",
  ...TOKEN_PATHS,
];

export interface AppOptions {
  /** The address that the emulator binds. */
  host: string;
  apiKey: string;
  region: Region;
  behaviors: Behaviors;
  /** What `GET /_emulator/behaviors` answers. */
  reportBehaviors(): readonly BehaviorReport[];
  store: Store;
  mailClient: MailClient;
  /** Median of the answers' delay in milliseconds; 0 for none. */
  latencyMs: number;
  /** The embedded servers' mailboxes; only with `--mail`. */
  mailboxes: MailboxStore | undefined;
  /** Their addresses, and the authority of their certificate as PEM; only with `--mail`. */
  mailServers: (MailEndpoints & { ca: string }) | undefined;
  /** Starts a random sequence; with a seed the same one each time. */
  seeded(): Random;
}

/** Composition root: hands each group of routes what it needs. */
export function createApp(options: AppOptions): Api {
  const { host, apiKey, behaviors, latencyMs, seeded } = options;
  const control = createControl(apiKey, behaviors, seeded);
  const tokens = new Tokens();
  const dependencies = {
    ...options,
    tokens,
    codes: new PendingCodes(),
    idTokens: new IdTokens(),
    failures: new FailureCount(),
  };
  const grantIdOf = (accessToken: string) => tokens.infoOf(accessToken)?.grantId;
  const requireKey = requireApiKey(apiKey, behaviors);
  const api: Api = new Hono<Env>();

  api.use("/v3/*", control.cutOff);
  api.use(async (context, next) => {
    context.set("requestId", randomUUID());
    await next();
    context.header("x-request-id", context.var.requestId);
    const { aheadSeconds } = options.store;
    // Otherwise Node dates the answer.
    if (aheadSeconds !== 0) context.header("date", new Date(options.store.nowSeconds() * 1_000).toUTCString());
  });
  api.use("/v3/*", control.log, answerOtherOrigins(host), control.faults);
  api.use("/v3/*", rateLimit(behaviors), latency(latencyMs, seeded()));
  api.use("/v3/grants/me/*", requireAccessToken(grantIdOf, behaviors));
  for (const path of OAUTH_PATHS) api.use(path, noStore());
  for (const path of TOKEN_PATHS) api.use(path, acceptAccessToken(grantIdOf, behaviors));
  api.use("/_emulator", refuseForeignSites(host));
  api.use("/_emulator/*", refuseForeignSites(host));
  pageRoutes(api);
  authorityRoute(api, options.mailServers?.ca);
  for (const path of [...KEYED_PATHS, "/_emulator"]) {
    api.use(path, requireKey);
    api.use(`${path}/*`, requireKey);
  }
  api.use("/v3/*", requirePermission(behaviors), requireContentType(behaviors));

  unplayedRoutes(api);
  // Nylas's command line tool requests this path without a key to check that the API is reachable.
  api.get("/v3/", (context) => answer(context, {}));
  applicationRoutes(api, dependencies);
  connectorRoutes(api, dependencies);
  customAuthRoutes(api, dependencies);
  hostedAuthRoutes(api, dependencies);
  tokenRoutes(api, dependencies);
  tokenInfoRoutes(api, dependencies);
  grantRoutes(api, dependencies);
  messageRoutes(api, dependencies);
  sendRoutes(api, dependencies);
  providerRoutes(api, dependencies);
  controlRoutes(api, { ...dependencies, control, viewGrant: (grant) => grantView(grant, behaviors) });

  api.notFound((context) => answerError(context, noEndpoint(context, behaviors), behaviors));
  api.onError((error, context) => answerError(context, toApiError(error), behaviors));
  return api;
}

/** Hides the message of unexpected errors: it may quote a request or a mail server. */
function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : ApiError.of("internalError");
}
