import * as pulumi from "@pulumi/pulumi";
import type { GrantStatus } from "../../core/grant/state.js";
import { createGrantDirectory } from "../../core/grant-directory.js";
import { InvalidInputError, NotFoundError } from "../../errors.js";
import { findConnector } from "../../nylas/connectors.js";
import { describeUnreadable, listReadableGrants } from "../../nylas/grant-list.js";
import { findGrant } from "../../nylas/grants.js";
import { findProvider } from "../../nylas/providers.js";
import type { Application, Connector, Grant } from "../../nylas/wire.js";
import { adviceForAddress } from "../../provider-advice.js";
import { clientOf } from "./client-of.js";
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
  const client = clientOf(opts);
  const connector = await findConnector(client);
  if (connector !== undefined) return connector;
  throw missing("Looking up the IMAP connector", "the application has none", "declare one with `new ImapConnector(…)`");
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
  const { id, email } = theOneOf(args);
  const client = clientOf(opts);
  const grant = id === undefined ? await createGrantDirectory(client).byEmail(email) : await findGrant(client, id);
  if (grant !== undefined) return result(grant);
  const wanted = id === undefined ? `the grant of ${email}` : `grant ${id}`;
  throw missing(`Looking up ${wanted}`, "the application has no such grant", "check it, and the API key's application");
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
  const client = clientOf(opts);
  const { grants, unreadable } = await listReadableGrants(client);
  if (unreadable.length > 0) client.notices.notify(`listGrants omits grants: ${describeUnreadable(unreadable)}`);
  return grants
    .filter((grant) => args.status === undefined || grant.status === args.status)
    .filter((grant) => args.provider === undefined || grant.provider === args.provider)
    .map(result);
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
  const client = clientOf(opts);
  const found = await findProvider(client, args.email);
  const { detected = false, provider, type } = found ?? {};
  return { detected, provider, type, advice: adviceForAddress(args.email, provider) };
}

/** {@link detectProvider} with inputs, as an output. */
export function detectProviderOutput(
  args: { email: pulumi.Input<string> },
  opts: LookupOptions = {},
): pulumi.Output<DetectedProvider> {
  return pulumi.output(args.email).apply((email) => detectProvider({ email }, opts));
}

/** Throws unless exactly one is given: programs in JavaScript pass what no type allows. */
function theOneOf({ id, email }: GrantById | GrantByEmail): GrantById | GrantByEmail {
  if (isGiven(id) && !isGiven(email)) return { id };
  if (isGiven(email) && !isGiven(id)) return { email };
  throw new InvalidInputError({
    code: "invalid_input",
    operation: "Looking up a grant",
    answer: `${isGiven(id) ? "both id and email are" : "neither id nor email is"} given`,
    remedy: "give the grant's id, or the mailbox's address",
  });
}

function isGiven(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function result(grant: Grant): GrantResult {
  const { id, provider, email, status, createdAt, updatedAt } = grant;
  return { grantId: id, provider, email, grantStatus: status, createdAt, updatedAt };
}

function missing(operation: string, answer: string, remedy: string): NotFoundError {
  return new NotFoundError({ code: "not_found", operation, answer, status: 404, remedy });
}
