import type { Behaviors } from "../../behaviors.js";
import { ApiError, invalidGrant, notFound, providerUnreachable } from "../../conventions/errors.js";
import type { ApiContext } from "../../http/context.js";
import type { MailClient } from "../../mail-client/mail-client.js";
import { REASON, type Verdict } from "../../mail-client/verdict.js";
import type { Store } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";

export interface MailboxDependencies {
  store: Pick<Store, "grant" | "grantByEmail" | "updateGrant">;
  behaviors: Behaviors;
  mailClient: MailClient;
}

/**
 * Finds the grant of a data request by access token, id or e-mail address. Nylas: an invalid grant answers 401 without a
 * log-in.
 */
export function grantOfDataPath(context: ApiContext, { store, behaviors }: MailboxDependencies): StoredGrant {
  const name = context.var.tokenGrantId ?? (context.req.param("id") ?? "").replace(/^(grant|email):/, "");
  const grant = store.grant(name) ?? store.grantByEmail(name);
  if (grant === undefined) throw notFound("grant", behaviors);
  if (grant.blocked) throw ApiError.of(behaviors.blockedGrant === "423" ? "grantBlocked" : "grantAccessDenied");
  if (grant.status === "invalid") throw invalidGrant(behaviors);
  return grant;
}

/** The error for a failed log-in during a data request. Refused credentials make the grant invalid. */
export async function accessFailure(
  { store, behaviors }: MailboxDependencies,
  grant: StoredGrant,
  verdict: Exclude<Verdict, "accepted">,
): Promise<ApiError> {
  if (verdict !== "credentials") return providerUnreachable(REASON[verdict]);
  // Invalidate only if the password has not changed since this log-in began.
  if (store.grant(grant.id)?.settings.imap_password === grant.settings.imap_password) {
    await store.updateGrant(grant.id, { status: "invalid" });
  }
  return invalidGrant(behaviors);
}
