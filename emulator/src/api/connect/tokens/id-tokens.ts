import { createHmac, randomBytes } from "node:crypto";
import { isObject } from "../../../conventions/body.js";
import { sameSecret } from "../../../secret.js";
import { nowSeconds } from "../../../store/store.js";
import type { StoredGrant } from "../../../store/types.js";
import { TOKEN_SECONDS, type TokenInfo } from "./tokens.js";

const KEY_BYTES = 32;
/** As in the example of Nylas's contract. */
const ISSUER = "https://nylas.com";
const HEADER = encode({ alg: "HS256", typ: "JWT" });

/** What `GET /v3/connect/tokeninfo` shows of a token. */
export interface Claims {
  iss: string;
  aud: string;
  /** The grant's id. */
  sub: string;
  email: string;
  /** Seconds since 1970. */
  iat: number;
  /** Seconds since 1970. */
  exp: number;
}

export function claimsOf({ id, email }: StoredGrant, applicationId: string, issuedAt: number): Claims {
  return { iss: ISSUER, aud: applicationId, sub: id, email, iat: issuedAt, exp: issuedAt + TOKEN_SECONDS };
}

/** Signs ID tokens, and tells its own from others. Nylas's clients read them without their signature. */
export class IdTokens {
  readonly #key = randomBytes(KEY_BYTES);

  sign(claims: Claims): string {
    const signed = `${HEADER}.${encode(claims)}`;
    return `${signed}.${this.#signatureOf(signed)}`;
  }

  /** Undefined for a token that has expired or that another issuer has made. */
  read(token: string): TokenInfo | undefined {
    const [, signed = "", payload = "", signature = ""] = /^([^.]+\.([^.]+))\.([^.]+)$/.exec(token) ?? [];
    if (!sameSecret(signature, this.#signatureOf(signed))) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (!isObject(claims) || typeof claims.sub !== "string" || typeof claims.iat !== "number") return undefined;
    if (claims.iat + TOKEN_SECONDS <= nowSeconds()) return undefined;
    return { grantId: claims.sub, issuedAt: claims.iat };
  }

  #signatureOf(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
