import * as v from "valibot";
import type { NylasClient } from "./client.js";
import { optionalText } from "./wire.js";

const TokenWire = v.pipe(
  v.object({ grant_id: v.string(), email: optionalText, provider: optionalText }),
  v.transform((wire) => ({
    grantId: wire.grant_id,
    email: wire.email ?? undefined,
    provider: wire.provider ?? undefined,
  })),
);

/** A hosted login's code, and the parameters of its URL that the exchange repeats. */
export interface AuthorizationCode {
  clientId: string;
  redirectUri: string;
  code: string;
  codeVerifier?: string | undefined;
}

/** Exchanges a code for its grant. Nylas accepts a code once, so this never retries. Discards the tokens. */
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
