import { createHash } from "node:crypto";
import type { Behaviors } from "../../../behaviors.js";
import { bearerOf } from "../../../conventions/api-key.js";
import { isObject, readText } from "../../../conventions/body.js";
import { ApiError } from "../../../conventions/errors.js";
import type { Api, ApiContext } from "../../../http/context.js";
import { sameSecret } from "../../../secret.js";
import { nowSeconds, type Store } from "../../../store/store.js";
import type { StoredGrant } from "../../../store/types.js";
import { claimsOf, type IdTokens } from "./id-tokens.js";
import type { PendingCode, PendingCodes } from "./pending-codes.js";
import { type IssuedTokens, TOKEN_SECONDS, type Tokens } from "./tokens.js";

export interface TokenDependencies {
  apiKey: string;
  behaviors: Behaviors;
  store: Pick<Store, "applicationId" | "grant">;
  codes: Pick<PendingCodes, "redeem">;
  tokens: Pick<Tokens, "issue" | "refresh">;
  idTokens: Pick<IdTokens, "sign">;
}

/** Issues tokens. This endpoint answers in OAuth's format, without Nylas's envelope. */
export function tokenRoutes(api: Api, dependencies: TokenDependencies): void {
  api.post("/v3/connect/token", async (context) => {
    const fields = await readFields(context);
    if (fields === undefined) throw ApiError.of("tokenBodyUnreadable");
    // Nylas's SDKs send the API key as client_secret, in the Authorization header, or both.
    const key = fields.client_secret || bearerOf(context);
    switch (fields.grant_type) {
      case "authorization_code":
        return context.json(exchangeCode(fields, key, dependencies));
      case "refresh_token":
        return context.json(refresh(fields, key, dependencies));
      case "client_credentials":
        return context.json(issueForGrant(fields, key, dependencies));
      default:
        throw ApiError.of("tokenGrantTypeUnknown");
    }
  });
}

type Fields = Readonly<Record<string, string>>;
type View = Record<string, unknown>;

async function readFields(context: ApiContext): Promise<Fields | undefined> {
  const text = await readText(context);
  if (context.req.header("content-type")?.includes("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isObject(parsed)) return undefined;
    return Object.fromEntries(
      Object.entries(parsed).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
    );
  } catch {
    return undefined;
  }
}

function exchangeCode(fields: Fields, key: string, dependencies: TokenDependencies): View {
  checkClient(fields, key, ["redirect_uri", "code"], dependencies);
  const pending = dependencies.codes.redeem(fields.code ?? "");
  if (pending === undefined || pending.redirectUri !== fields.redirect_uri) throw ApiError.of("tokenCodeUnknown");
  // A client that uses PKCE needs no API key.
  if (pending.challenge === undefined) requireKey(key);
  if (!isProven(pending, fields.code_verifier, dependencies.behaviors)) throw ApiError.of("tokenWrongVerifier");
  const grant = findGrant(pending.grantId, dependencies);
  const issued = dependencies.tokens.issue(grant.id, pending.offline);
  // Nylas: only the exchange of a code names the provider.
  return { ...tokenView(issued, grant, dependencies), provider: grant.provider };
}

function refresh(fields: Fields, key: string, dependencies: TokenDependencies): View {
  checkClient(fields, key, ["refresh_token"], dependencies);
  requireKey(key);
  const issued = dependencies.tokens.refresh(fields.refresh_token ?? "");
  if (issued === undefined) throw ApiError.of("tokenRefreshUnknown");
  return tokenView(issued, findGrant(issued.grantId, dependencies), dependencies);
}

/** An access token for a grant that the application has, also for one of connect/custom. */
function issueForGrant(fields: Fields, key: string, dependencies: TokenDependencies): View {
  checkClient(fields, key, ["grant_id"], dependencies);
  requireKey(key);
  const grant = findGrant(fields.grant_id ?? "", dependencies);
  return tokenView(dependencies.tokens.issue(grant.id, false), grant, dependencies);
}

function checkClient(
  fields: Fields,
  key: string,
  needed: readonly string[],
  { store, apiKey }: TokenDependencies,
): void {
  const missing = ["client_id", ...needed].find((name) => !fields[name]);
  if (missing !== undefined) throw ApiError.of("tokenFieldMissing", { parameter: missing });
  if (fields.client_id !== store.applicationId) throw ApiError.of("tokenClientUnknown");
  if (key && !sameSecret(key, apiKey)) throw ApiError.of("tokenWrongKey");
}

function requireKey(key: string): void {
  if (!key) throw ApiError.of("tokenFieldMissing", { parameter: "client_secret" });
}

function isProven({ challenge }: PendingCode, verifier: string | undefined, behaviors: Behaviors): boolean {
  if (challenge === undefined) return true;
  if (!verifier) return false;
  return sameSecret(challenge.value, challenge.method === "plain" ? verifier : s256Of(verifier, behaviors));
}

/** Nylas's clients encode the hexadecimal digest; RFC 7636 encodes the digest itself. */
function s256Of(verifier: string, { s256Challenge }: Behaviors): string {
  const digest = createHash("sha256").update(verifier).digest();
  return (s256Challenge === "hex" ? Buffer.from(digest.toString("hex")) : digest).toString("base64url");
}

function findGrant(id: string, { store }: TokenDependencies): StoredGrant {
  const grant = store.grant(id);
  if (grant === undefined) throw ApiError.of("tokenGrantGone");
  return grant;
}

function tokenView(
  { accessToken, refreshToken }: IssuedTokens,
  grant: StoredGrant,
  { store, idTokens }: TokenDependencies,
): View {
  return {
    access_token: accessToken,
    expires_in: TOKEN_SECONDS,
    id_token: idTokens.sign(claimsOf(grant, store.applicationId, nowSeconds())),
    email: grant.email,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    scope: "",
    token_type: "Bearer",
    grant_id: grant.id,
  };
}
