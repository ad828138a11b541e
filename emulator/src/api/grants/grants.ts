import type { Behaviors } from "../../behaviors.js";
import { answer, answerDeleted, answerPage } from "../../conventions/answer.js";
import { optionalObject, optionalText, optionalTexts, readObject } from "../../conventions/body.js";
import { ApiError, notFound } from "../../conventions/errors.js";
import { pageOf, seconds } from "../../conventions/query.js";
import type { Api, ApiContext } from "../../http/context.js";
import { type Store, sameAddress } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";
import { readImapSettings } from "../connect/settings.js";
import { WORKSPACE_ID } from "../related-ids.js";
import { noEndpoint } from "../unplayed.js";
import { grantView, listedView } from "./grant-view.js";

export interface GrantDependencies {
  store: Pick<Store, "nowSeconds" | "grants" | "grant" | "updateGrant" | "deleteGrant">;
  behaviors: Behaviors;
}

export function grantRoutes(api: Api, dependencies: GrantDependencies): void {
  const { store, behaviors } = dependencies;

  api.get("/v3/grants", (context) => {
    const page = pageOf(context);
    const sort = sortOf(context);
    const kept = store.grants().filter(filterOf(context, dependencies));
    return answerPage(
      context,
      kept.toSorted(sort).map((grant) => listedView(grant, behaviors)),
      page,
      behaviors.grantsPerPage === 0 ? page.limit : behaviors.grantsPerPage,
    );
  });

  const showGrant = (context: ApiContext): Response => {
    return answer(context, grantView(findGrant(context, dependencies), behaviors));
  };
  api.get("/v3/grants/me", showGrant);
  // Nylas: an access token reads its grant, and neither changes nor deletes it.
  api.all("/v3/grants/me", (context) => {
    throw noEndpoint(context, behaviors);
  });
  api.get("/v3/grants/:id", showGrant);

  api.patch("/v3/grants/:id", async (context) => {
    const { id, settings: earlier } = findGrant(context, dependencies);
    const body = await readObject(context);
    const given = optionalObject(body, "settings");
    const settings = given && behaviors.partialSettings === "merged" ? { ...earlier, ...given } : given;
    const scope = optionalTexts(body, "scope");
    const workspaceId = optionalText(body, "workspace_id");
    // Nylas replaces settings as a whole. It does not document whether it logs in with them; the emulator does not.
    const grant = await store.updateGrant(id, {
      ...(settings === undefined ? {} : { settings: readImapSettings(settings) }),
      ...(scope === undefined ? {} : { scope }),
      ...(workspaceId === undefined ? {} : { workspaceId }),
    });
    if (grant === undefined) throw notFound("grant", behaviors);
    return answer(context, grantView(grant, behaviors));
  });

  api.delete("/v3/grants/:id", async (context) => {
    await store.deleteGrant(findGrant(context, dependencies).id);
    return answerDeleted(context);
  });
}

function findGrant(context: ApiContext, dependencies: GrantDependencies): StoredGrant {
  const { store, behaviors } = dependencies;
  const grant = store.grant(context.var.tokenGrantId ?? context.req.param("id") ?? "");
  if (grant === undefined || !isOlder(grant, behaviors.newGrantLagSeconds, dependencies))
    throw notFound("grant", behaviors);
  return grant;
}

/** Always true with 0 seconds: a grant may be dated ahead of a clock that was set back. */
function isOlder({ createdAt }: StoredGrant, seconds: number, { store }: GrantDependencies): boolean {
  return seconds === 0 || createdAt <= store.nowSeconds() - seconds;
}

function filterOf(context: ApiContext, dependencies: GrantDependencies): (grant: StoredGrant) => boolean {
  const { listLagSeconds, newGrantLagSeconds } = dependencies.behaviors;
  const {
    email,
    provider,
    grant_status: status,
    ip,
    account_id: accountId,
    workspace_id: workspaceId,
  } = context.req.query();
  const since = seconds(context, "since");
  const before = seconds(context, "before");
  const isFiltered = email !== undefined || provider !== undefined;
  const lag = isFiltered ? Math.max(listLagSeconds, newGrantLagSeconds) : newGrantLagSeconds;
  return (grant) =>
    isOlder(grant, lag, dependencies) &&
    (email === undefined || sameAddress(grant.email, email)) &&
    (provider === undefined || grant.provider === provider) &&
    (status === undefined || grant.status === status) &&
    (ip === undefined || grant.ip === ip) &&
    (workspaceId === undefined || (grant.workspaceId ?? WORKSPACE_ID) === workspaceId) &&
    // Nylas: only grants migrated from v2 have an account id, and the emulator has none of those.
    accountId === undefined &&
    (since === undefined || grant.createdAt >= since) &&
    (before === undefined || grant.createdAt <= before);
}

function sortOf(context: ApiContext): (left: StoredGrant, right: StoredGrant) => number {
  const by = context.req.query("sort_by") ?? "created_at";
  const order = context.req.query("order_by") ?? "desc";
  if (by !== "created_at" && by !== "updated_at") {
    throw ApiError.of("sortByUnknown");
  }
  if (order !== "asc" && order !== "desc") throw ApiError.of("orderByUnknown");
  const time = (grant: StoredGrant): number => (by === "created_at" ? grant.createdAt : grant.updatedAt);
  const direction = order === "asc" ? 1 : -1;
  return (left, right) => direction * (time(left) - time(right) || left.sequence - right.sequence);
}
