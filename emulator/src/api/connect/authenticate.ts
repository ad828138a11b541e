import type { ApiContext, World } from "../../http/context.js";
import { ApiError, invalidRequest, unreachableAtLogin } from "../../http/errors.js";
import { verifyImapLogin } from "../../mail-client/imap-login.js";
import type { ImapSettings, StoredGrant } from "../../store/types.js";

/** Logs in to the mail server and makes or renews the grant: connect/custom and hosted authentication alike. */
export async function authenticateImap(
  world: World,
  context: ApiContext,
  settings: ImapSettings,
  state: string | undefined,
): Promise<{ grant: StoredGrant; created: boolean }> {
  requireConnector(world);
  const verdict = await verifyImapLogin(settings, world.trust);
  if (verdict === "refused") throw badCredentials(world, settings.imap_username);
  if (verdict !== "accepted") throw unreachableAtLogin(world.behaviours);
  world.failures.succeeded(settings.imap_username);
  // It may have been deleted while the mail server was thinking.
  requireConnector(world);
  const ip = context.env.incoming.socket.remoteAddress;
  const userAgent = context.req.header("user-agent");
  return world.store.authenticate({
    provider: "imap",
    settings,
    ...(state === undefined ? {} : { state }),
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent }),
  });
}

export const BAD_CREDENTIALS = "grant.invalid_authentication";
export const LIMIT_REACHED = "grant.auth_limit_reached";

function badCredentials({ failures, behaviours }: World, username: string): ApiError {
  const status = behaviours.badCredentials === "401" ? 401 : 400;
  const limited = failures.failed(username) && behaviours.authLimit === "3";
  return limited
    ? new ApiError(status, LIMIT_REACHED, "Too many wrong passwords for this username.")
    : new ApiError(status, BAD_CREDENTIALS, "Authentication failed: the mail server refused the username or password.");
}

function requireConnector({ store, behaviours }: World): void {
  if (store.connector("imap") !== undefined) return;
  const message = "The application has no connector for provider imap.";
  throw behaviours.missingConnector === "404"
    ? new ApiError(404, "api.not_found_error", message)
    : invalidRequest(message);
}
