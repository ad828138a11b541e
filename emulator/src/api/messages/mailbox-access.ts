import type { ApiContext, World } from "../../http/context.js";
import { type ApiError, notFound, providerUnreachable, unauthorized } from "../../http/errors.js";
import type { Verdict } from "../../mail-client/verdict.js";
import type { StoredGrant } from "../../store/types.js";

const GRANT_INVALID = "The grant is invalid: its mailbox must be authenticated again.";

/** The grant a data path names, by id or by address. Nylas: a data call on an invalid grant answers 401 at once. */
export function grantOfDataPath(context: ApiContext, world: World): StoredGrant {
  const given = context.req.param("id") ?? "";
  const name = given.replace(/^(grant|email):/, "");
  const grant = world.store.grant(name) ?? world.store.grantByEmail(name);
  if (grant === undefined) throw notFound("grant", world.behaviours);
  if (grant.status === "invalid") throw unauthorized(world.behaviours, GRANT_INVALID);
  return grant;
}

/** What a failed log-in during a data call becomes; a refused one makes the grant invalid. */
export async function accessFailure(
  world: World,
  grant: StoredGrant,
  verdict: Exclude<Verdict, "accepted">,
): Promise<ApiError> {
  if (verdict !== "refused") return providerUnreachable();
  // Settings that were renewed while the old ones were on trial are not to blame.
  if (world.store.grant(grant.id)?.settings.imap_password === grant.settings.imap_password) {
    await world.store.updateGrant(grant.id, { status: "invalid" });
  }
  return unauthorized(world.behaviours, GRANT_INVALID);
}
