import * as pulumi from "@pulumi/pulumi";
import type { GrantStatus } from "../../core/grant/state.js";
import { lookUpConnector, lookUpGrant, lookUpGrants, lookUpProvider } from "../../core/lookups.js";
import type { Application, Connector } from "../../nylas/wire.js";
import { clientOf, programHost } from "./client-of.js";
// In a separate file, so that the published types do not import the client and the types of its libraries.
import type { LookupOptions } from "./lookup-options.js";

export type { LookupOptions };

/** A grant, as the functions return it. */
export interface GrantResult {
  /** The grant's id, which other programs use to access the mailbox. */
  grantId: string;
  /** For example `imap`. */
  provider: string;
  /** The mailbox's address, if Nylas returns it. */
  email: string | undefined;
  /** `valid`, or `invalid` if Nylas can no longer log in. */
  grantStatus: GrantStatus;
  /** Creation time, in ISO 8601. */
  createdAt: string;
  /** Time of the last authentication, in ISO 8601. */
  updatedAt: string;
}

/** Returns the application that the API key belongs to. */
export async function getApplication(opts: LookupOptions = {}): Promise<Application> {
  return clientOf(opts).application();
}

/** {@link getApplication} as an output. */
export function getApplicationOutput(opts: LookupOptions = {}): pulumi.Output<Application> {
  return pulumi.output(getApplication(opts));
}

/** Returns the application's IMAP connector. Throws `not_found` if there is none. */
export async function getConnector(opts: LookupOptions = {}): Promise<Connector> {
  return lookUpConnector(clientOf(opts), programHost().wording.newConnector);
}

/** {@link getConnector} as an output. */
export function getConnectorOutput(opts: LookupOptions = {}): pulumi.Output<Connector> {
  return pulumi.output(getConnector(opts));
}

/** The grant of an id. */
export interface GrantById {
  /** The grant's id. */
  id: string;
  /** Not beside the id. */
  email?: undefined;
}

/** The grant of a mailbox. */
export interface GrantByEmail {
  /** The mailbox's address in any spelling: letter case and the form of an internationalized domain do not matter. */
  email: string;
  /** Not beside the address. */
  id?: undefined;
}

/** Returns one grant, by its id or by the mailbox's address. Throws `not_found` if there is none. */
export async function getGrant(args: GrantById | GrantByEmail, opts: LookupOptions = {}): Promise<GrantResult> {
  return lookUpGrant(clientOf(opts), args);
}

/** {@link getGrant} with inputs, as an output. */
export function getGrantOutput(
  args: { id: pulumi.Input<string>; email?: undefined } | { email: pulumi.Input<string>; id?: undefined },
  opts: LookupOptions = {},
): pulumi.Output<GrantResult> {
  return pulumi.output(args).apply((resolved) => getGrant(resolved, opts));
}

/** Filters of {@link listGrants}. */
export interface ListGrantsArgs {
  /** Only grants with this status. If absent, all. */
  status?: "valid" | "invalid";
  /** Only grants of this provider, for example `imap`. If absent, all. */
  provider?: string;
}

/** Returns the application's grants, oldest first. Filters the complete list, because Nylas's filtered lists lag behind. */
export async function listGrants(args: ListGrantsArgs = {}, opts: LookupOptions = {}): Promise<GrantResult[]> {
  return lookUpGrants(clientOf(opts), args);
}

/** {@link listGrants} with inputs, as an output. */
export function listGrantsOutput(
  args: { status?: pulumi.Input<"valid" | "invalid">; provider?: pulumi.Input<string> } = {},
  opts: LookupOptions = {},
): pulumi.Output<GrantResult[]> {
  return pulumi
    .all([args.status, args.provider])
    .apply(([status, provider]) =>
      listGrants(
        { ...(status === undefined ? {} : { status }), ...(provider === undefined ? {} : { provider }) },
        opts,
      ),
    );
}

/** The mail provider of an address, as Nylas detects it. */
export interface DetectedProvider {
  /** Whether Nylas recognizes the address. */
  detected: boolean;
  /** For example `imap` or `google`; absent if nothing was detected. */
  provider: string | undefined;
  /** The variant of IMAP, if Nylas names one. */
  type: string | undefined;
  /** What to know before declaring the mailbox as IMAP, such as that the provider wants an app password. */
  advice: string | undefined;
}

/** Detects which provider serves an address. Nylas allows 20 such requests per minute. */
export async function detectProvider(args: { email: string }, opts: LookupOptions = {}): Promise<DetectedProvider> {
  return lookUpProvider(clientOf(opts), args.email);
}

/** {@link detectProvider} with inputs, as an output. */
export function detectProviderOutput(
  args: { email: pulumi.Input<string> },
  opts: LookupOptions = {},
): pulumi.Output<DetectedProvider> {
  return pulumi.output(args.email).apply((email) => detectProvider({ email }, opts));
}
