import * as pulumi from "@pulumi/pulumi";
import { hostedLoginUrl } from "../../nylas/hosted-auth.js";
import { redeemCode } from "../../nylas/tokens.js";
import { DEFAULT_APPLICATION, type Region, readEndpoint } from "../../settings.js";
import { clientOf, programHost } from "./client-of.js";
// In a separate file, so that the published types do not import the client and the types of its libraries.
import type { LookupOptions } from "./lookup-options.js";

/** The arguments of {@link hostedAuthUrl}. */
export interface HostedAuthUrlArgs {
  /** The Nylas application's id. */
  clientId: string;
  /** A callback URI exactly as it is registered with the application. */
  redirectUri: string;
  /** The e-mail address to prefill. If it already has a grant, the login re-authenticates that grant. */
  loginHint?: string | undefined;
  /** Returned unchanged to `redirectUri` with the code; at most 256 characters. */
  state?: string | undefined;
  /**
   * Whether the person must give SMTP settings, so that the grant can send.
   *
   * @default true
   */
  requireSmtp?: boolean | undefined;
  /**
   * With `"offline"` the exchange of the code returns a refresh token as well. {@link exchangeCode} discards it, so this is for
   * applications that exchange the code themselves.
   *
   * @default Nylas's own, `"online"`
   */
  accessType?: "online" | "offline" | undefined;
  /** What Nylas's page asks for first: `select_provider`, `detect`, or both, separated by a comma. */
  prompt?: string | undefined;
  /**
   * The PKCE challenge. Whoever exchanges the code must then know its verifier. For method `S256`, Nylas's clients encode the
   * hexadecimal SHA-256 digest of the verifier in Base64, without padding; RFC 7636 encodes the digest itself.
   */
  codeChallenge?: string | undefined;
  /**
   * How `codeChallenge` was made from the verifier; `"plain"` means that they are equal.
   *
   * @default Nylas's own, `"plain"`
   */
  codeChallengeMethod?: "S256" | "plain" | undefined;
  /** The region of the application. If absent, the configured `apiUri` or region is used. */
  region?: Region | undefined;
}

/**
 * Returns the URL of the page where a person connects their own IMAP mailbox. Sends no request.
 *
 * @see https://developer.nylas.com/docs/v3/auth/imap/
 */
export function hostedAuthUrl(args: HostedAuthUrlArgs, opts: LookupOptions = {}): string {
  const { config, settingsEnv } = programHost();
  return hostedLoginUrl(args, () => readEndpoint(opts.application ?? DEFAULT_APPLICATION, config, settingsEnv).apiUri);
}

/** {@link hostedAuthUrl} with inputs, as an output. */
export function hostedAuthUrlOutput(
  args: { [K in keyof HostedAuthUrlArgs]: pulumi.Input<HostedAuthUrlArgs[K]> },
  opts: LookupOptions = {},
): pulumi.Output<string> {
  // `output` resolves each value under its name, but its type does not show this for a mapped type.
  return pulumi.output(args).apply((resolved) => hostedAuthUrl(resolved as HostedAuthUrlArgs, opts));
}

/** The arguments of {@link exchangeCode}. */
export interface ExchangeCodeArgs {
  /** The Nylas application's id. */
  clientId: string;
  /** The `redirectUri` that was passed to {@link hostedAuthUrl}. */
  redirectUri: string;
  /** The code that the login sent to `redirectUri`. Nylas accepts it once. */
  code: string;
  /** The PKCE verifier, if the login URL carried a PKCE challenge. */
  codeVerifier?: string | undefined;
}

/** The grant of a hosted login. */
export interface ExchangedCode {
  /** The grant's id, which other programs use to access the mailbox. */
  grantId: string;
  /** The mailbox's address, if Nylas returns it. */
  email: string | undefined;
  /** For example `imap`, if Nylas returns it. */
  provider: string | undefined;
}

/** Exchanges a hosted login's code for its grant. Nylas accepts a code once. The tokens in the answer are discarded. */
export async function exchangeCode(args: ExchangeCodeArgs, opts: LookupOptions = {}): Promise<ExchangedCode> {
  return redeemCode(clientOf(opts), args);
}
