import { createHash, randomBytes } from "node:crypto";
import { bearerOf } from "../../http/api-key.js";
import { isObject, readText } from "../../http/body.js";
import type { Api, ApiContext } from "../../http/context.js";
import { ApiError } from "../../http/errors.js";
import { sameSecret } from "../../secret.js";
import { nowSeconds, type Store } from "../../store/store.js";
import type { StoredGrant } from "../../store/types.js";
import type { PendingCode, PendingCodes } from "./pending-codes.js";

const TOKEN_SECONDS = 3600;
const TOKEN_BYTES = 32;
/** Nylas's Python SDK cannot parse an error without error_uri. */
const ERROR_URI = "developer.nylas.com/docs/api/errors/400-response/";

export interface TokenDependencies {
  apiKey: string;
  store: Pick<Store, "applicationId" | "grant">;
  codes: Pick<PendingCodes, "redeem">;
}

/** Exchanges an authorization code. This endpoint answers in OAuth's format, without Nylas's envelope. */
export function tokenRoutes(api: Api, { apiKey, store, codes }: TokenDependencies): void {
  api.post("/v3/connect/token", async (context) => {
    // RFC 6749, 5.1: responses with tokens must not be cached.
    context.header("cache-control", "no-store");
    const fields = await readFields(context);
    // Nylas: every error has status 400, and the request id is only in the header.
    const refuse = ({ type, message }: ApiError): Response => {
      return context.json({ error: type, error_description: message, error_uri: ERROR_URI, error_code: 400 }, 400);
    };
    if (fields === undefined) return refuse(ApiError.of("tokenBodyUnreadable"));
    if (fields.grant_type !== "authorization_code") {
      return refuse(ApiError.of("tokenGrantTypeUnknown"));
    }
    for (const name of ["client_id", "redirect_uri", "code"]) {
      if (!fields[name]) return refuse(ApiError.of("tokenFieldMissing", { parameter: name }));
    }
    if (fields.client_id !== store.applicationId) return refuse(ApiError.of("tokenClientUnknown"));
    // Nylas's SDKs send the API key as client_secret, in the Authorization header, or both.
    const key = fields.client_secret || bearerOf(context);
    if (key && !sameSecret(key, apiKey)) {
      return refuse(ApiError.of("tokenWrongKey"));
    }
    const pending = codes.redeem(fields.code ?? "");
    if (pending === undefined || pending.redirectUri !== fields.redirect_uri) {
      return refuse(ApiError.of("tokenCodeUnknown"));
    }
    // A client that uses PKCE needs no API key.
    if (pending.challenge === undefined && !key) {
      return refuse(ApiError.of("tokenFieldMissing", { parameter: "client_secret" }));
    }
    if (!isProven(pending, fields.code_verifier)) return refuse(ApiError.of("tokenWrongVerifier"));
    const grant = store.grant(pending.grantId);
    if (grant === undefined) return refuse(ApiError.of("tokenGrantGone"));
    return context.json(tokenView(grant, store.applicationId));
  });
}

async function readFields(context: ApiContext): Promise<Record<string, string> | undefined> {
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

function isProven({ challenge }: PendingCode, verifier: string | undefined): boolean {
  if (challenge === undefined) return true;
  if (!verifier) return false;
  if (challenge.method === "plain") return sameSecret(challenge.value, verifier);
  const hash = createHash("sha256").update(verifier).digest();
  // Nylas's Node SDK 8.4 sends base64 of the hexadecimal digest; RFC 7636 specifies base64url of the digest.
  const ofSdk = Buffer.from(hash.toString("hex")).toString("base64").replace(/=+$/, "");
  return [hash.toString("base64url"), ofSdk].some((expected) => sameSecret(challenge.value, expected));
}

function tokenView(grant: StoredGrant, applicationId: string): Record<string, unknown> {
  const claims = { iss: "nylas-emulator", aud: applicationId, sub: grant.id, email: grant.email };
  return {
    access_token: randomBytes(TOKEN_BYTES).toString("base64url"),
    expires_in: TOKEN_SECONDS,
    id_token: unsignedJwt({ ...claims, iat: nowSeconds(), exp: nowSeconds() + TOKEN_SECONDS }),
    email: grant.email,
    scope: "",
    token_type: "Bearer",
    grant_id: grant.id,
    provider: grant.provider,
  };
}

function unsignedJwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`;
}
