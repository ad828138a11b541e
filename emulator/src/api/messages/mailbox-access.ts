import type { Behaviours } from "../../behaviours.js";
import type { ApiContext } from "../../http/context.js";
import { ApiError, notFound, providerUnreachable } from "../../http/errors.js";
import type { Trust } from "../../mail-client/trust.js";
import type { Verdict } from "../../mail-client/verdict.js";
import type { Store } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";

export interface MailboxDependencies {
  store: Pick<Store, "grant" | "grantByEmail" | "updateGrant">;
  behaviours: Behaviours;
  trust: Trust;
}

/** The grant a data path names, by id or by address. Nylas: a data call on an invalid grant answers 401 at once. */
export function grantOfDataPath(context: ApiContext, { store, behaviours }: MailboxDependencies): StoredGrant {
  const given = context.req.param("id") ?? "";
  const name = given.replace(/^(grant|email):/, "");
  const grant = store.grant(name) ?? store.grantByEmail(name);
  if (grant === undefined) throw notFound("grant", behaviours);
  if (grant.blocked) throw ApiError.of(behaviours.blockedGrant === "423" ? "grantBlocked" : "grantAccessDenied");
  if (grant.status === "invalid") throw ApiError.of("grantInvalid", { type: behaviours.unauthorizedType });
  return grant;
}

/** What a failed log-in during a data call becomes; a refused one makes the grant invalid. */
export async function accessFailure(
  { store, behaviours }: MailboxDependencies,
  grant: StoredGrant,
  verdict: Exclude<Verdict, "accepted">,
): Promise<ApiError> {
  if (verdict !== "refused") return providerUnreachable();
  // Settings that were renewed while the old ones were on trial are not to blame.
  if (store.grant(grant.id)?.settings.imap_password === grant.settings.imap_password) {
    await store.updateGrant(grant.id, { status: "invalid" });
  }
  return ApiError.of("grantInvalid", { type: behaviours.unauthorizedType });
}
