import type { Connector, Grant } from "../nylas/wire.js";
import type { Endpoint } from "../settings.js";

/** What an application has, as resources of a program. */
export interface Exportable {
  applicationId: string;
  /** The configuration namespace; absent for the default. */
  application: string | undefined;
  endpoint: Endpoint;
  /** Whether the program declares the connector, or only refers to it. */
  declaresConnector: boolean;
  /** As Nylas has it; absent if it has none, or if the program does not declare it. */
  connector: Connector | undefined;
  mailboxes: ExportableMailbox[];
  /** The domains whose mail servers Nylas does not tell. */
  domains: Domain[];
  /** Why other IMAP grants are not in the program, one sentence each. */
  leftOut: string[];
}

export interface ExportableMailbox {
  /** Name of the resource and of its password's configuration key. */
  name: string;
  imapUsername: string;
  domain: string;
  /** `undefined` if Nylas does not tell them. */
  servers: ServerArguments | undefined;
  grant: Grant;
}

/** The arguments of a grant that say where its mailbox is. */
export interface ServerArguments {
  imapHost: string;
  imapPort?: number;
  smtpHost?: string;
  smtpPort?: number;
  smtpUsername?: string;
  receiveOnly?: true;
}

export interface Domain {
  domain: string;
  /** Prefix of its configuration keys. */
  name: string;
}
