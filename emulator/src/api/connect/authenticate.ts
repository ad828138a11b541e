import type { Behaviors } from "../../behaviors.js";
import { ApiError, unreachableAtLogin } from "../../conventions/errors.js";
import type { ApiContext } from "../../http/context.js";
import type { MailClient } from "../../mail-client/mail-client.js";
import { REASON } from "../../mail-client/verdict.js";
import type { Store } from "../../store/store.js";
import type { ImapSettings, StoredGrant } from "../../store/types.js";
import { isAscii } from "../ascii.js";
import type { FailureCount } from "./failure-count.js";

export interface AuthenticationDependencies {
  store: Pick<Store, "connector" | "authenticate">;
  behaviors: Behaviors;
  mailClient: MailClient;
  failures: FailureCount;
}

/** Logs in to the mail server and creates or re-authenticates the grant; for connect/custom and the hosted form. */
export async function authenticateImap(
  dependencies: AuthenticationDependencies,
  context: ApiContext,
  settings: ImapSettings,
  state: string | undefined,
): Promise<{ grant: StoredGrant; created: boolean }> {
  const { store, behaviors, mailClient, failures } = dependencies;
  requireConnector(dependencies);
  if (!isAscii(settings.imap_password) && behaviors.nonAsciiPassword === "refused") {
    throw badCredentials(dependencies, settings.imap_username);
  }
  const verdict = await mailClient.verifyLogin(settings);
  if (verdict === "credentials") throw badCredentials(dependencies, settings.imap_username);
  if (verdict !== "accepted") throw unreachableAtLogin(REASON[verdict], behaviors);
  failures.succeeded(settings.imap_username);
  // The connector may have been deleted during the log-in.
  requireConnector(dependencies);
  const ip = context.env.incoming.socket.remoteAddress;
  const userAgent = context.req.header("user-agent");
  return store.authenticate({
    provider: "imap",
    settings,
    ...(state === undefined ? {} : { state }),
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent }),
  });
}

function badCredentials({ failures, behaviors }: AuthenticationDependencies, username: string): ApiError {
  const status = behaviors.badCredentials === "401" ? 401 : 400;
  const limited = failures.failed(username) && behaviors.authLimit === "3";
  return ApiError.of(limited ? "authLimitReached" : "wrongPassword", { status });
}

function requireConnector({ store, behaviors }: AuthenticationDependencies): void {
  if (store.connector("imap") !== undefined) return;
  throw ApiError.of(behaviors.missingConnector === "404" ? "connectorNotFound" : "connectorMissing");
}
