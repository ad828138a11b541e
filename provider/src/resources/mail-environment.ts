import * as pulumi from "@pulumi/pulumi";
import { ByoImapGrant, type ByoImapGrantArgs } from "./byo-imap-grant.js";
import { ImapConnector, type ImapConnectorArgs } from "./imap-connector.js";

type MailboxArgs = Omit<ByoImapGrantArgs, "connector">;

/** The arguments of {@link MailEnvironment}. */
export interface MailEnvironmentArgs<D extends Partial<MailboxArgs> = Partial<MailboxArgs>> {
  /** The connector's arguments, or `"imap"` to refer to one that somebody else manages. Default: one is made. */
  connector?: ImapConnectorArgs | ImapConnector | "imap";
  /** What all mailboxes share, such as the hosts. */
  defaults?: D;
  /** The mailboxes by their resource name; each gives what `defaults` does not. */
  mailboxes: Record<string, Omit<MailboxArgs, keyof D> & Partial<MailboxArgs>>;
}

/** One connector and the mailboxes on it: what an environment of an application has. */
export class MailEnvironment<D extends Partial<MailboxArgs> = Partial<MailboxArgs>> extends pulumi.ComponentResource {
  /** Grant id by mailbox. */
  readonly grantIds: pulumi.Output<Record<string, string>>;
  /** The grants by mailbox. */
  readonly grants: Record<string, ByoImapGrant>;

  constructor(name: string, args: MailEnvironmentArgs<D>, opts?: pulumi.ComponentResourceOptions) {
    super("nylas:index:MailEnvironment", name, {}, opts);
    const connector = this.connector(name, args);
    this.grants = Object.fromEntries(
      Object.entries(args.mailboxes).map(([mailbox, own]) => {
        // A mailbox's arguments and the defaults make a full set: that is what the type of `mailboxes` demands.
        const full = { ...args.defaults, ...own } as MailboxArgs;
        return [mailbox, new ByoImapGrant(`${name}-${mailbox}`, { ...full, connector }, { parent: this })];
      }),
    );
    this.grantIds = pulumi.output(
      Object.fromEntries(Object.entries(this.grants).map(([mailbox, grant]) => [mailbox, grant.grantId])),
    );
    this.registerOutputs({ grantIds: this.grantIds });
  }

  private connector(name: string, args: MailEnvironmentArgs<D>): ImapConnector | "imap" {
    const { connector = {} } = args;
    if (connector === "imap" || ImapConnector.isInstance(connector)) return connector;
    const application = args.defaults?.application;
    return new ImapConnector(
      name,
      { ...(application === undefined ? {} : { application }), ...connector },
      { parent: this },
    );
  }
}
