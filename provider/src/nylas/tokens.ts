import * as v from "valibot";
import type { NylasClient } from "./client.js";
import { text } from "./wire.js";

const TokenWire = v.pipe(
  v.object({ grant_id: v.string(), email: text, provider: text }),
  v.transform((wire) => ({
    grantId: wire.grant_id,
    email: wire.email ?? undefined,
    provider: wire.provider ?? undefined,
  })),
);

/** A hosted login's code, and what its address was made with. */
export interface AuthorizationCode {
  clientId: string;
  redirectUri: string;
  code: string;
  codeVerifier?: string | undefined;
}

/** Exchanges the code for its grant, once; the access token that comes along is dropped. */
export async function redeemCode(
  client: NylasClient,
  { clientId, redirectUri, code, codeVerifier }: AuthorizationCode,
): Promise<v.InferOutput<typeof TokenWire>> {
  return client.request({
    operation: `Exchanging a hosted login's code for application ${clientId}`,
    method: "POST",
    path: "v3/connect/token",
    json: {
      grant_type: "authorization_code",
      client_id: clientId,
      client_secret: await client.apiKey(),
      redirect_uri: redirectUri,
      code,
      ...(codeVerifier === undefined ? {} : { code_verifier: codeVerifier }),
    },
    secrets: [code, codeVerifier ?? ""],
    schema: TokenWire,
    once: true,
  });
}
