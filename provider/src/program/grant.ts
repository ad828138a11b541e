import * as pulumi from "@pulumi/pulumi";
import type { PasswordSource } from "../core/grant/passwords.js";
import { PASSWORDS } from "../core/grant/properties.js";
import { GRANT_OUTPUTS, type GrantOutputs, type GrantStatus } from "../core/grant/state.js";
import { grantThunk } from "../hosts/dynamic/thunk.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { ImapConnector } from "./connector.js";
import {
  checkConfiguration,
  MODULE,
  type Outputs,
  ownerOf,
  refusal,
  resourceOptions,
  stackDigest,
} from "./identity.js";
import { onceInRun } from "./once-in-run.js";
import { refuseUnusableCode } from "./stored-code.js";

/** Each argument of a mailbox; {@link MailboxArgs} says which belong together. */
export interface MailboxSettings {
  /**
   * The mailbox's e-mail address; or its log-in name, such as `CORP\ops`, if the mail server's log-in names are not addresses.
   * A change replaces, because another address is another mailbox. A change of letter case only re-authenticates in place.
   */
  imapUsername: pulumi.Input<string>;
  /**
   * Password or app password; always a secret, and no output. In the state the resource has a salted digest, never the password.
   * Either this or `imapPasswordFrom` is required. ASCII characters only: Nylas cannot authenticate another one. A change
   * re-authenticates in place and keeps the grant id.
   */
  imapPassword?: pulumi.Input<string> | undefined;
  /**
   * Where the provider reads the password, instead of `imapPassword`: `{ env: "NAME" }` or `{ file: "path" }`, at every plan
   * and authentication. In the state the resource has a salted digest, never the password. A changed password is an update that
   * re-authenticates in place. An absent source counts as unchanged for a grant that exists, and is an error for one that must
   * be made or re-authenticated. A file is UTF-8 without a byte order mark; one line break at its end is removed, and
   * relative paths start at the project's directory.
   */
  imapPasswordFrom?: PasswordSource | undefined;
  /** IMAP server: a host name or IP address, without scheme and port. A change re-authenticates in place. */
  imapHost: pulumi.Input<string>;
  /**
   * IMAP port, 1 to 65535. The default is IMAP over TLS. A change re-authenticates in place.
   *
   * @default 993
   */
  imapPort?: pulumi.Input<number> | undefined;
  /** SMTP server, in the form of `imapHost`; required unless `receiveOnly` is set. A change re-authenticates in place. */
  smtpHost?: pulumi.Input<string> | undefined;
  /**
   * SMTP port, 1 to 65535. The default is submission over TLS. A change re-authenticates in place.
   *
   * @default 465 with `smtpHost`
   */
  smtpPort?: pulumi.Input<number> | undefined;
  /**
   * SMTP log-in name. A change re-authenticates in place.
   *
   * @default imapUsername
   */
  smtpUsername?: pulumi.Input<string> | undefined;
  /**
   * SMTP password; always a secret, of ASCII characters only. A change re-authenticates in place.
   *
   * @default imapPassword
   */
  smtpPassword?: pulumi.Input<string> | undefined;
  /** Where the provider reads the SMTP password, instead of `smtpPassword`; as with `imapPasswordFrom`. */
  smtpPasswordFrom?: PasswordSource | undefined;
  /**
   * Whether to leave out the SMTP settings: Nylas then can read the mailbox but not send from it. A change re-authenticates
   * in place.
   *
   * @default false
   */
  receiveOnly?: pulumi.Input<boolean> | undefined;
  /**
   * What to do if the mailbox already has a grant: `"fail"` with `grant_exists`, or `"adopt"` it, which re-authenticates it
   * with the declared credentials and keeps its id. A change sends no request.
   *
   * @default "fail"
   */
  onExisting?: pulumi.Input<"fail" | "adopt"> | undefined;
  /**
   * Whether destroy deletes an adopted grant. Otherwise it stays at Nylas. A change sends no request.
   *
   * @default false
   */
  deleteAdopted?: pulumi.Input<boolean> | undefined;
  /** Any value. A change re-authenticates in place, even if no other argument has changed. */
  credentialVersion?: pulumi.Input<string | number> | undefined;
  /**
   * Whether to list one message through Nylas after authenticating, to check that Nylas can read the mailbox. A change sends
   * no request.
   *
   * @default true
   */
  verify?: pulumi.Input<boolean> | undefined;
  /**
   * Whether this machine logs in to IMAP, and then to SMTP, before Nylas does: `"off"`, `"warn"` on failure and continue, or
   * `"enforce"` success. `"warn"` does not continue if the password may be wrong (the server refuses it, or closes the connection
   * or says nothing once it has it), because Nylas would send it again, and mail servers lock mailboxes. A change sends no request.
   *
   * @default "off"
   */
  preflight?: pulumi.Input<"off" | "warn" | "enforce"> | undefined;
  /**
   * The configuration namespace of the application's settings, such as key and region. If `connector` is an
   * {@link ImapConnector}, the default is the connector's application, and another one is refused. A change replaces.
   *
   * @default "nylas"
   */
  application?: string | undefined;
}

/** What the program sends in the place of a digest. */
const ANNOUNCED = "computed by the provider";

/** Each argument of a grant; {@link ByoImapGrantArgs} says which belong together. */
export interface ByoImapGrantSettings extends MailboxSettings {
  /**
   * The connector that the grant needs. An {@link ImapConnector}, or the id of one, is created before the grant and deleted
   * after it; the text `"imap"` refers to an existing one. A change sends no request.
   *
   * @default "imap"
   */
  connector?: ImapConnector | pulumi.Input<string> | undefined;
}

/** A mailbox whose password the provider reads. */
export interface PasswordByReference {
  /** Required without `imapPassword`. */
  imapPasswordFrom: PasswordSource;
  /** Not beside `imapPasswordFrom`. */
  imapPassword?: undefined;
}

/** A mailbox whose password the program passes. */
export interface PasswordByValue {
  /** Required without `imapPasswordFrom`. */
  imapPassword: pulumi.Input<string>;
  /** Not beside `imapPassword`. */
  imapPasswordFrom?: undefined;
}

/** A mailbox that only receives. */
export interface ReceivingMailbox {
  /** Required without `smtpHost`. That it is not `false` then is checked in the plan. */
  receiveOnly: pulumi.Input<boolean>;
}

/** A mailbox that sends. */
export interface SendingMailbox {
  /** Required without `receiveOnly`. */
  smtpHost: pulumi.Input<string>;
}

/** What the plan asks of a mailbox: exactly one password, and an SMTP server unless it only receives. */
export type CompleteMailbox = (PasswordByReference | PasswordByValue) & (ReceivingMailbox | SendingMailbox);

/** The arguments of a mailbox, wherever it is declared. */
export type MailboxArgs = MailboxSettings & CompleteMailbox;

/** The arguments of {@link ByoImapGrant}. */
export type ByoImapGrantArgs = ByoImapGrantSettings & CompleteMailbox;

/**
 * A mailbox that a Nylas application may use, authenticated with credentials that you hold. Nylas keeps one grant per address
 * and application. All object ids of the mailbox belong to its grant, so this resource replaces a grant only if the mailbox or
 * its application changes.
 *
 * ```ts
 * const ops = new ByoImapGrant("ops", {
 *   connector,
 *   imapUsername: "ops@example.com",
 *   imapPassword: config.requireSecret("opsPassword"),
 *   imapHost: "imap.example.com",
 *   smtpHost: "smtp.example.com",
 * });
 * ```
 *
 * Errors: `invalid_credentials`, `auth_limit_reached`, `provider_not_responding`, `mail_server_refused`, `grant_exists`,
 * `connector_missing`, `wrong_application` and those of every request.
 *
 * @see https://developer.nylas.com/docs/reference/api/manage-grants/byo_auth/
 */
export class ByoImapGrant extends pulumi.dynamic.Resource implements Outputs<GrantOutputs> {
  /** @internal */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/nylas:ByoImapGrant";

  /** The grant's id, which other programs use to access the mailbox; equal to `id`, and known in the plan of an update. */
  readonly grantId: pulumi.Output<string>;
  /** The mailbox's address, as Nylas returns it, or `imapUsername` if Nylas returns none. */
  declare readonly email: pulumi.Output<string>;
  /** `valid`, or `invalid` if Nylas can no longer log in; the next `up` then re-authenticates the grant. */
  declare readonly grantStatus: pulumi.Output<GrantStatus>;
  /** Creation time, in ISO 8601. */
  declare readonly createdAt: pulumi.Output<string>;
  /** Time of the last authentication, in ISO 8601; that of the creation if Nylas does not show it. */
  declare readonly updatedAt: pulumi.Output<string>;
  /** Whether the grant existed before this resource adopted it. */
  declare readonly adopted: pulumi.Output<boolean>;
  /** The Nylas application it belongs to. */
  declare readonly applicationId: pulumi.Output<string>;

  /** The declared e-mail address or log-in name. A password is no output: Pulumi's SDK prints outputs in debug output. */
  declare readonly imapUsername: pulumi.Output<string>;
  /** The declared source of the password. */
  declare readonly imapPasswordFrom: pulumi.Output<PasswordSource | undefined>;
  /** The declared IMAP server. */
  declare readonly imapHost: pulumi.Output<string>;
  /** The IMAP port, declared or the default. */
  declare readonly imapPort: pulumi.Output<number>;
  /** The declared SMTP server. */
  declare readonly smtpHost: pulumi.Output<string | undefined>;
  /** The SMTP port, declared or the default; `undefined` without an SMTP server. */
  declare readonly smtpPort: pulumi.Output<number | undefined>;
  /** The declared SMTP log-in name. */
  declare readonly smtpUsername: pulumi.Output<string | undefined>;
  /** The declared source of the SMTP password. */
  declare readonly smtpPasswordFrom: pulumi.Output<PasswordSource | undefined>;
  /** Whether the mailbox is declared without SMTP. */
  declare readonly receiveOnly: pulumi.Output<boolean | undefined>;
  /** The declared value. */
  declare readonly credentialVersion: pulumi.Output<string | number | undefined>;

  constructor(name: string, args: ByoImapGrantArgs, opts?: pulumi.CustomResourceOptions) {
    const application = inheritedApplication(name, args);
    checkConfiguration(application);
    onceInRun(grantThunk, () => refuseUnusableCode(grantThunk));
    const inputs = opts?.id === undefined ? declared(name, args, application, opts) : { application };
    super(grantThunk, name, { ...GRANT_OUTPUTS, ...inputs }, resourceOptions(opts), MODULE, "ByoImapGrant");
    this.grantId = this.id;
    // Pulumi makes every input a property.
    for (const { argument } of PASSWORDS) Reflect.deleteProperty(this, argument);
  }

  /** Refers to an existing grant by its id without managing it: nothing is ever written or deleted. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): ByoImapGrant {
    // With an id, the constructor sends no argument but `application`, and Pulumi reads the resource instead.
    return new ByoImapGrant(name, {} as ByoImapGrantArgs, { ...opts, id });
  }

  /** Whether a value is a `ByoImapGrant`, including one of another copy of this package. */
  static override isInstance(obj: unknown): obj is ByoImapGrant {
    return pulumi.Resource.isInstance(obj) && "__pulumiType" in obj && obj.__pulumiType === ByoImapGrant.__pulumiType;
  }
}

/** The application to declare; throws if it is not the connector's. */
function inheritedApplication(name: string, { application, connector }: ByoImapGrantArgs): string | undefined {
  if (!ImapConnector.isInstance(connector)) return application;
  const inherited = connector.__application ?? DEFAULT_APPLICATION;
  refuseContradiction(name, application, inherited);
  // Leave out the default, as states of earlier versions do, so that an upgrade changes no input.
  return application ?? (inherited === DEFAULT_APPLICATION ? undefined : inherited);
}

/** Throws if a grant's application differs from its connector's. */
export function refuseContradiction(name: string, application: string | undefined, connectorApplication: string): void {
  if (application === undefined || application === connectorApplication) return;
  throw refusal({
    operation: `Declaring grant "${name}"`,
    answer: `its application is "${application}", but its connector is of "${connectorApplication}"`,
    remedy:
      `leave \`application\` out to take the connector's, or pass a connector of "${application}" ` +
      '(connector: "imap" for one that is not declared here)',
  });
}

function declared(
  name: string,
  args: ByoImapGrantArgs,
  application: string | undefined,
  opts: pulumi.ResourceOptions | undefined,
): pulumi.Inputs {
  const { connector } = args;
  return {
    ...args,
    ...(application === undefined ? {} : { application }),
    ...(connector === undefined ? {} : { connector: ImapConnector.isInstance(connector) ? connector.id : connector }),
    ...wrapped(args),
    owner: ownerOf(name, ByoImapGrant.__pulumiType, opts),
    stack: stackDigest(),
  };
}

/**
 * Makes plain passwords secret, and sets a placeholder for the digest of each password that is given, which `check` replaces. If
 * `ignoreChanges` takes the password away, the placeholder stays and tells `check` that the program does give one.
 */
function wrapped(args: ByoImapGrantArgs): pulumi.Inputs {
  const given = PASSWORDS.filter(({ argument }) => args[argument] !== undefined);
  const referred = PASSWORDS.filter(({ source }) => args[source] !== undefined);
  return Object.fromEntries([
    ...given.flatMap(({ argument, digest }) => {
      const password = pulumi.secret(args[argument]);
      return [
        [argument, password],
        [digest, password.apply((value) => (value === undefined ? undefined : ANNOUNCED))],
      ];
    }),
    ...referred.map(({ digest }) => [digest, pulumi.secret(ANNOUNCED)]),
  ]);
}
