import * as pulumi from "@pulumi/pulumi";
import { InvalidInputError } from "../errors.js";
import { redeemCode } from "../nylas/tokens.js";
import { DEFAULT_APPLICATION, isRegion, type Region, readEndpoint, regionUri } from "../settings.js";
import { clientOf } from "./client-of.js";
// A file of its own: the public types must not lead to the client and to types of its libraries.
import type { LookupOptions } from "./lookup-options.js";

/** What {@link hostedAuthUrl} needs. */
export interface HostedAuthUrlArgs {
  /** The application's id. */
  clientId: string;
  /** A callback that is registered with the application, to the letter. */
  redirectUri: string;
  /** The address to prefill; one that has a grant is re-authenticated. */
  loginHint?: string | undefined;
  /** Comes back unchanged with the code; up to 256 characters. */
  state?: string | undefined;
  /** Demand SMTP settings, so that the grant can send. Default: `true`. */
  requireSmtp?: boolean | undefined;
  /** Default: the configured `apiUri` or region. */
  region?: Region | undefined;
}

/**
 * The address at which a person connects an IMAP mailbox of their own.
 *
 * @see https://developer.nylas.com/docs/v3/auth/imap/
 */
export function hostedAuthUrl(args: HostedAuthUrlArgs, opts: LookupOptions = {}): string {
  const url = new URL(`${baseUri(args.region, opts)}/v3/connect/auth`);
  url.searchParams.set("client_id", args.clientId);
  url.searchParams.set("redirect_uri", args.redirectUri);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("provider", "imap");
  if (args.requireSmtp ?? true) url.searchParams.set("options", "smtp_required");
  if (args.loginHint !== undefined) url.searchParams.set("login_hint", args.loginHint);
  if (args.state !== undefined) url.searchParams.set("state", args.state);
  return url.toString();
}

/** {@link hostedAuthUrl} with inputs. */
export function hostedAuthUrlOutput(
  args: pulumi.Inputs & { [K in keyof HostedAuthUrlArgs]: pulumi.Input<HostedAuthUrlArgs[K]> },
  opts: LookupOptions = {},
): pulumi.Output<string> {
  // `output` keeps the names and resolves the values, which its type does not follow through a mapped type.
  return pulumi.output(args).apply((resolved) => hostedAuthUrl(resolved as HostedAuthUrlArgs, opts));
}

/** What {@link exchangeCode} needs. */
export interface ExchangeCodeArgs {
  clientId: string;
  /** The one that the address was made with. */
  redirectUri: string;
  /** Good for one exchange. */
  code: string;
  /** When the address carried a PKCE challenge. */
  codeVerifier?: string | undefined;
}

/** What a person's login has brought. */
export interface ExchangedCode {
  grantId: string;
  email: string | undefined;
  provider: string | undefined;
}

/** Exchanges a hosted login's code for its grant, once. The access token that Nylas sends along is dropped. */
export async function exchangeCode(args: ExchangeCodeArgs, opts: LookupOptions = {}): Promise<ExchangedCode> {
  return redeemCode(clientOf(opts), args);
}

/** {@link exchangeCode} with inputs. */
export function exchangeCodeOutput(
  args: { [K in keyof ExchangeCodeArgs]: pulumi.Input<ExchangeCodeArgs[K]> },
  opts: LookupOptions = {},
): pulumi.Output<ExchangedCode> {
  return pulumi.output(args).apply((resolved) => exchangeCode(resolved as ExchangeCodeArgs, opts));
}

function baseUri(region: Region | undefined, opts: LookupOptions): string {
  if (region === undefined) {
    const application = opts.application ?? DEFAULT_APPLICATION;
    return readEndpoint(application, (key) => pulumi.runtime.getConfig(key)).apiUri;
  }
  if (isRegion(region)) return regionUri(region);
  throw new InvalidInputError({
    code: "invalid_input",
    operation: "Making a hosted authentication address",
    answer: `region is "${String(region)}"`,
    remedy: 'use "us" or "eu"',
  });
}
