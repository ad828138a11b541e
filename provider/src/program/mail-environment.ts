import * as pulumi from "@pulumi/pulumi";
import type { InvalidInputError } from "../errors.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { ImapConnector, type ImapConnectorArgs } from "./connector.js";
import {
  ByoImapGrant,
  type MailboxArgs,
  type MailboxSettings,
  type PasswordByReference,
  type PasswordByValue,
  type ReceivingMailbox,
  refuseContradiction,
  type SendingMailbox,
} from "./grant.js";
import { refusal } from "./identity.js";

type OptionalArguments = { [K in keyof MailboxSettings]?: MailboxSettings[K] | undefined };

/** What the mailboxes of a {@link MailEnvironment} may share: any of {@link MailboxSettings}. */
export interface MailboxDefaults extends OptionalArguments {}

/** The arguments that every mailbox needs. */
type RequiredArgument = {
  [K in keyof MailboxSettings]-?: undefined extends MailboxSettings[K] ? never : K;
}[keyof MailboxSettings];

/** The arguments that the defaults are certain to provide, leaving out those that may be undefined. */
type GivenBy<D> = { [K in keyof D]-?: undefined extends D[K] ? never : K }[keyof D];

/** `Needed`, unless the defaults have one of these names. Whether they then have a value shows when the program runs. */
type Unless<D, Names extends keyof MailboxSettings, Needed> = keyof D & Names extends never ? Needed : unknown;

/** A mailbox of a {@link MailEnvironment}. Arguments that the defaults provide may be left out. */
export type EnvironmentMailbox<D> = MailboxDefaults &
  Pick<MailboxSettings, Exclude<RequiredArgument, GivenBy<D>>> &
  Unless<D, "imapPassword" | "imapPasswordFrom", PasswordByReference | PasswordByValue> &
  Unless<D, "smtpHost" | "receiveOnly", ReceivingMailbox | SendingMailbox> & {
    /**
     * Resource options of its grant; the parent is always the environment. A grant that the program declared on its own, as
     * `new ByoImapGrant("ops", …)`, moves here with `aliases: [{ name: "ops", parent: pulumi.rootStackResource }]`: no
     * request is sent, and it keeps its id.
     */
    options?: Omit<pulumi.CustomResourceOptions, "id" | "parent"> | undefined;
  };

/** The arguments of {@link MailEnvironment}: `D` is the type of the defaults, `Name` the names of the mailboxes. */
export interface MailEnvironmentArgs<D extends MailboxDefaults = Record<never, never>, Name extends string = string> {
  /**
   * The arguments of a connector to create, an existing {@link ImapConnector}, or `"imap"` to refer to one that is managed
   * elsewhere.
   *
   * @default {}
   */
  connector?: ImapConnectorArgs | ImapConnector | "imap";
  /** Arguments that all mailboxes share, such as the hosts. */
  defaults?: D;
  /**
   * Mailboxes by name, which is the second part of the grant's resource name. Each overrides and completes `defaults`. An `smtpHost` of
   * its own also takes the place of the defaults' `receiveOnly`.
   */
  mailboxes: Record<Name, EnvironmentMailbox<D>>;
}

/** The names of {@link RequiredArgument} as values. */
const REQUIRED_ARGUMENTS = ["imapUsername", "imapHost"] as const satisfies RequiredArgument[];

/** Arguments of which a mailbox has one: its own takes the place of the other one in the defaults. */
const ALTERNATIVES = [
  ["imapPassword", "imapPasswordFrom"],
  ["smtpPassword", "smtpPasswordFrom"],
] as const satisfies (keyof MailboxSettings)[][];

/** Most missing arguments that an error lists. */
const MAX_LISTED = 10;

/**
 * One connector and the mailboxes that use it, as each environment of an application has them.
 *
 * ```ts
 * const mail = new MailEnvironment("mail", {
 *   defaults: { imapHost: "imap.example.com", smtpHost: "smtp.example.com" },
 *   mailboxes: {
 *     ops: { imapUsername: "ops@example.com", imapPassword: config.requireSecret("opsPassword") },
 *     sales: { imapUsername: "sales@example.com", imapPasswordFrom: { env: "SALES_PASSWORD" } },
 *   },
 * });
 * ```
 */
export class MailEnvironment<
  D extends MailboxDefaults = Record<never, never>,
  // biome-ignore lint/suspicious/noExplicitAny: `MailEnvironment` alone stands for one with any names; with `string` it would not
  Name extends string = any,
> extends pulumi.ComponentResource {
  /** Grant ids by mailbox name. */
  readonly grantIds: pulumi.Output<Record<Name, string>>;
  /** Grants by mailbox name. */
  readonly grants: Record<Name, ByoImapGrant>;
  readonly #connector: () => ImapConnector;

  constructor(name: string, args: MailEnvironmentArgs<D, Name>, opts?: pulumi.ComponentResourceOptions) {
    // Check everything before registering a resource: the engine creates registered resources while the program still runs.
    const mailboxes = mailboxesOf(name, args);
    super("nylas:index:MailEnvironment", name, {}, opts);
    const declared = connectorOf(args);
    const connector = isReference(declared) ? declared : new ImapConnector(name, declared, { parent: this });
    this.#connector = connector === "imap" ? readOnce(name, args, this) : () => connector;
    // `mailboxes` has exactly the names of `args.mailboxes`.
    this.grants = Object.fromEntries(
      mailboxes.map(({ mailbox, resource, full, options }) => [
        mailbox,
        new ByoImapGrant(resource, { ...full, connector }, { ...options, parent: this }),
      ]),
    ) as Record<Name, ByoImapGrant>;
    this.grantIds = pulumi.output(
      Object.fromEntries(Object.entries<ByoImapGrant>(this.grants).map(([mailbox, grant]) => [mailbox, grant.grantId])),
    ) as pulumi.Output<Record<Name, string>>;
    this.registerOutputs({ grantIds: this.grantIds });
  }

  /**
   * The connector, made or given. With `connector: "imap"`, the first use reads it from Nylas, in the `application` of the
   * `defaults`, and does not manage it.
   */
  get connector(): ImapConnector {
    return this.#connector();
  }
}

function readOnce(name: string, { defaults }: UncheckedArgs, parent: pulumi.Resource): () => ImapConnector {
  const { application } = defaults ?? {};
  let connector: ImapConnector | undefined;
  return () => {
    // Not the name of a connector that the environment makes: at the change to "imap", the engine would replace that one.
    connector ??= new ImapConnector(`${name}-imap`, { application }, { id: "imap", parent });
    return connector;
  };
}

/** The arguments before the check that each mailbox has the required ones. */
interface UncheckedArgs {
  connector?: MailEnvironmentArgs["connector"];
  defaults?: MailboxDefaults;
  mailboxes: Record<string, MailboxDefaults & { options?: pulumi.CustomResourceOptions | undefined }>;
}

interface DeclaredMailbox {
  mailbox: string;
  /** The resource name of its grant. */
  resource: string;
  full: MailboxArgs;
  options: pulumi.CustomResourceOptions | undefined;
}

/** Merges the defaults into each mailbox. Throws for a missing argument, or an application other than the connector's. */
function mailboxesOf(name: string, args: UncheckedArgs): DeclaredMailbox[] {
  const merged = Object.entries(args.mailboxes).map(([mailbox, { options, ...own }]) => ({
    mailbox,
    resource: `${name}-${mailbox}`,
    full: merge(args.defaults ?? {}, defined(own)),
    options,
  }));
  const missing = merged.flatMap(({ mailbox, full }) =>
    missingFrom(full).map((argument) => `${pathOf(mailbox)}.${argument}`),
  );
  if (missing.length > 0) throw missingArguments(name, missing);
  const connector = connectorOf(args);
  if (connector !== "imap") {
    const application = ImapConnector.isInstance(connector) ? connector.__application : connector.application;
    for (const { resource, full } of merged) {
      refuseContradiction(resource, full.application, application ?? DEFAULT_APPLICATION);
    }
  }
  // `missingFrom` has found all required arguments.
  return merged as DeclaredMailbox[];
}

function merge(defaults: MailboxDefaults, own: MailboxDefaults): MailboxDefaults {
  const overridden = ALTERNATIVES.filter((names) => names.some((name) => own[name] !== undefined)).flat();
  // Who gives one mailbox its SMTP server wants it to send.
  const sends = own.smtpHost !== undefined && own.receiveOnly === undefined ? ["receiveOnly"] : [];
  const replaced: readonly string[] = [...overridden, ...sends];
  const left = Object.entries(defaults).filter(([name]) => !replaced.includes(name));
  return { ...Object.fromEntries(left), ...own };
}

/** Drops undefined arguments, which would otherwise override a default. */
function defined(own: MailboxDefaults): MailboxDefaults {
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
}

/** The connector to refer to, or the arguments of the one to create. */
function connectorOf({ connector = {}, defaults }: UncheckedArgs): ImapConnectorArgs | ImapConnector | "imap" {
  if (isReference(connector)) return connector;
  const application = connector.application ?? defaults?.application;
  return application === undefined ? connector : { ...connector, application };
}

function isReference(connector: ImapConnectorArgs | ImapConnector | "imap"): connector is ImapConnector | "imap" {
  return connector === "imap" || ImapConnector.isInstance(connector);
}

/** Required arguments without a value. A value that is not known yet is an `Output`, and so not missing. */
function missingFrom(full: MailboxDefaults): string[] {
  const isMissing = (argument: keyof MailboxDefaults) => full[argument] === undefined || full[argument] === null;
  const password = isMissing("imapPassword") && isMissing("imapPasswordFrom") ? ["imapPassword"] : [];
  return [...REQUIRED_ARGUMENTS.filter(isMissing), ...password];
}

function missingArguments(name: string, missing: readonly string[]): InvalidInputError {
  const more = missing.length > MAX_LISTED ? ` and ${missing.length - MAX_LISTED} more` : "";
  const password = missing.some((path) => path.endsWith(".imapPassword"))
    ? "; keep passwords in the configuration: `pulumi config set --secret`, with the key that the program reads"
    : "";
  return refusal({
    operation: `Declaring MailEnvironment "${name}"`,
    answer: `${missing.slice(0, MAX_LISTED).join(", ")}${more} ${missing.length === 1 ? "is" : "are"} undefined`,
    remedy: `give a value there, or in \`defaults\` for all mailboxes${password}`,
  });
}

function pathOf(mailbox: string): string {
  return /^[\w$]+$/.test(mailbox) ? `mailboxes.${mailbox}` : `mailboxes[${JSON.stringify(mailbox)}]`;
}
