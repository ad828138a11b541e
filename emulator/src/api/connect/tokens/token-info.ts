import { answer, answerDeleted } from "../../../conventions/answer.js";
import { ApiError } from "../../../conventions/errors.js";
import type { Api } from "../../../http/context.js";
import type { Store } from "../../../store/store.js";
import { claimsOf, type IdTokens } from "./id-tokens.js";
import type { Tokens } from "./tokens.js";

export interface TokenInfoDependencies {
  store: Pick<Store, "applicationId" | "grant">;
  tokens: Pick<Tokens, "infoOf" | "revoke">;
  idTokens: Pick<IdTokens, "read">;
}

export function tokenInfoRoutes(api: Api, { store, tokens, idTokens }: TokenInfoDependencies): void {
  api.get("/v3/connect/tokeninfo", (context) => {
    const { access_token: accessToken, id_token: idToken } = context.req.query();
    if (!accessToken && !idToken) throw ApiError.of("tokenFieldMissing", { parameter: "access_token or id_token" });
    const info = accessToken ? tokens.infoOf(accessToken) : idTokens.read(idToken ?? "");
    const grant = info && store.grant(info.grantId);
    if (info === undefined || grant === undefined) throw ApiError.of("tokenInvalid");
    return answer(context, claimsOf(grant, store.applicationId, info.issuedAt));
  });

  api.post("/v3/connect/revoke", (context) => {
    const token = context.req.query("token");
    if (!token) throw ApiError.of("tokenFieldMissing", { parameter: "token" });
    if (!tokens.revoke(token)) throw ApiError.of("tokenInvalid");
    return answerDeleted(context);
  });
}
