import * as pulumi from "@pulumi/pulumi";
import { ImapConnector } from "../connector/resource.js";
import {
  MODULE,
  type Outputs,
  ownerOf,
  refusal,
  refusePlainKey,
  resourceOptions,
  stackDigest,
} from "../pulumi/registration.js";
import { grantThunk } from "../pulumi/thunk.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { GRANT_SECRETS } from "./arguments.js";
import { GRANT_OUTPUTS, type GrantOutputs } from "./outputs.js";

/** The arguments of a mailbox, wherever it is declared. */
export interface MailboxArgs {
  /**
   * The mailbox's e-mail address, which is also its log-in; or its log-in name, such as `CORP\ops`, where the mail server has
   * others. A change replaces: another address is another mailbox. Letter case is no change.
   */
  imapUsername: pulumi.Input<string>;
  /** Password or app password; always a secret. A change re-authenticates in place, with the same grant id. */
  imapPassword: pulumi.Input<string>;
  /** IMAP server: a host name or IP address, without scheme and port. A change re-authenticates in place. */
  imapHost: pulumi.Input<string>;
  /** IMAP port, 1 to 65535. Default: 993 (TLS). A change re-authenticates in place. */
  imapPort?: pulumi.Input<number> | undefined;
  /** SMTP server; required unless `receiveOnly`. A change re-authenticates in place. */
  smtpHost?: pulumi.Input<string> | undefined;
  /** SMTP port, 1 to 65535. Default: 465 (TLS). A change re-authenticates in place. */
  smtpPort?: pulumi.Input<number> | undefined;
  /** SMTP login. Default: `imapUsername`. A change re-authenticates in place. */
  smtpUsername?: pulumi.Input<string> | undefined;
  /** SMTP password; always a secret. Default: `imapPassword`. A change re-authenticates in place. */
  smtpPassword?: pulumi.Input<string> | undefined;
  /**
   * Send no SMTP settings: Nylas then reads the mailbox but cannot send from it. Default: `false`. A change re-authenticates
   * in place.
   */
  receiveOnly?: pulumi.Input<boolean> | undefined;
  /**
   * What to do when the mailbox has a grant already: `"fail"` (default) with `grant_exists`, or `"adopt"` it by authenticating
   * it with the declared credentials; its id stays. A change sends no request.
   */
  onExisting?: pulumi.Input<"fail" | "adopt"> | undefined;
  /** Delete the grant at destroy although it was adopted. Default: `false`, it stays. A change sends no request. */
  deleteAdopted?: pulumi.Input<boolean> | undefined;
  /** Any value; a change re-authenticates in place. A way to ask for it when nothing else has changed. */
  credentialVersion?: pulumi.Input<string | number> | undefined;
  /** List one message through Nylas after authenticating. Default: `true`. A change sends no request. */
  verify?: pulumi.Input<boolean> | undefined;
  /**
   * Log in to IMAP and SMTP from here before asking Nylas: `"off"` (default), `"warn"` of a failure, or `"enforce"` success.
   * A change sends no request.
   */
  preflight?: pulumi.Input<"off" | "warn" | "enforce"> | undefined;
  /**
   * The configuration namespace that names key and region. Default: the one of the connector where that is an
   * {@link ImapConnector}, which it must not contradict, and `"nylas"` otherwise. A change replaces.
   */
  application?: string | undefined;
}

/** The arguments of {@link ByoImapGrant}. */
export interface ByoImapGrantArgs extends MailboxArgs {
  /**
   * The connector that the grant hangs on: orders creation and deletion. Default: `"imap"`, one that exists already. A change
   * sends no request.
   */
  connector?: ImapConnector | pulumi.Input<string> | undefined;
}

/**
 * A mailbox that a Nylas application may use, made from credentials you hold. Nylas keeps one grant per address and
 * application; every object id of the mailbox hangs on the grant's id, so this resource never gives it another one but for a
 * changed `imapUsername` or `application`.
 *
 * Errors: `invalid_credentials`, `auth_limit_reached`, `provider_not_responding`, `grant_exists`, `connector_missing`,
 * `wrong_application` and those of every request; see {@link NylasError}.
 *
 * @see https://developer.nylas.com/docs/reference/api/manage-grants/byo_auth/
 */
export class ByoImapGrant extends pulumi.dynamic.Resource implements Outputs<GrantOutputs> {
  /** @internal */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/nylas:ByoImapGrant";

  /** The grant's id, the same as `id`: what other programs use the mailbox with. */
  declare readonly grantId: pulumi.Output<string>;
  /** The mailbox's address, as Nylas has it. */
  declare readonly email: pulumi.Output<string>;
  /** `valid`, or `invalid` when Nylas may not log in any more; the next `up` then authenticates it again. */
  declare readonly grantStatus: pulumi.Output<string>;
  /** ISO 8601. */
  declare readonly createdAt: pulumi.Output<string>;
  /** ISO 8601: the last authentication. */
  declare readonly updatedAt: pulumi.Output<string>;
  /** Whether the grant was there before this resource took it. */
  declare readonly adopted: pulumi.Output<boolean>;
  /** The Nylas application it belongs to. */
  declare readonly applicationId: pulumi.Output<string>;

  declare readonly imapUsername: pulumi.Output<string>;
  /** Secret. */
  declare readonly imapPassword: pulumi.Output<string>;
  declare readonly imapHost: pulumi.Output<string>;
  declare readonly imapPort: pulumi.Output<number>;
  declare readonly smtpHost: pulumi.Output<string | undefined>;
  declare readonly smtpPort: pulumi.Output<number | undefined>;
  declare readonly smtpUsername: pulumi.Output<string | undefined>;
  /** Secret. */
  declare readonly smtpPassword: pulumi.Output<string | undefined>;
  declare readonly receiveOnly: pulumi.Output<boolean | undefined>;
  declare readonly credentialVersion: pulumi.Output<string | number | undefined>;

  constructor(name: string, args: ByoImapGrantArgs, opts?: pulumi.CustomResourceOptions) {
    const application = inheritedApplication(name, args);
    refusePlainKey(application);
    const inputs = opts?.id === undefined ? declared(name, args, application, opts) : { application };
    super(grantThunk, name, { ...GRANT_OUTPUTS, ...inputs }, resourceOptions(opts), MODULE, "ByoImapGrant");
  }

  /** Refers to an existing grant by its id without managing it: nothing is ever written or deleted. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): ByoImapGrant {
    // The arguments are read from Nylas then; none of them is sent.
    return new ByoImapGrant(name, {} as ByoImapGrantArgs, { ...opts, id });
  }

  /** Whether it is a `ByoImapGrant`, also one of another copy of this package. */
  static override isInstance(obj: unknown): obj is ByoImapGrant {
    return pulumi.Resource.isInstance(obj) && "__pulumiType" in obj && obj.__pulumiType === ByoImapGrant.__pulumiType;
  }
}

/** Throws when the arguments name another application than their connector has. */
function inheritedApplication(name: string, { application, connector }: ByoImapGrantArgs): string | undefined {
  if (!ImapConnector.isInstance(connector)) return application;
  const inherited = connector.__application ?? DEFAULT_APPLICATION;
  refuseContradiction(name, application, inherited);
  // The default is not sent: states of earlier versions do not hold it either.
  return application ?? (inherited === DEFAULT_APPLICATION ? undefined : inherited);
}

/** Throws when a grant is declared with another application than its connector has. */
export function refuseContradiction(name: string, application: string | undefined, connectors: string): void {
  if (application === undefined || application === connectors) return;
  throw refusal({
    operation: `Declaring grant "${name}"`,
    answer: `its application is "${application}", but its connector is of "${connectors}"`,
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
    ...wrapped(args, GRANT_SECRETS),
    owner: ownerOf(name, ByoImapGrant.__pulumiType, opts),
    stack: stackDigest(),
  };
}

function wrapped(args: ByoImapGrantArgs, names: readonly (keyof ByoImapGrantArgs)[]): pulumi.Inputs {
  const given = names.filter((name) => args[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, pulumi.secret(args[name])]));
}
