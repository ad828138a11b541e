import { join } from "node:path";
import type { TestEmulator } from "../../tools/harness/test-emulator.js";

/** Which of the package's hosts serves a program's resources. */
export type HostName = "dynamic" | "native";

export const HOSTS: readonly HostName[] = ["dynamic", "native"];

/** What programs require the classes from. */
export const CLASSES: Readonly<Record<HostName, string>> = {
  dynamic: "pulumi-nylas-imap",
  native: join(import.meta.dirname, "native-classes.cjs"),
};

/** The type of grants in a state. */
export const GRANT_TYPES: Readonly<Record<HostName, string>> = {
  dynamic: "pulumi-nodejs:dynamic/nylas:ByoImapGrant",
  native: "nylas:index:ByoImapGrant",
};

/** How a test program declares a mailbox: an address, and what differs from the emulator's own servers. */
export interface Mailbox {
  username: string;
  password: string;
  args?: Record<string, unknown>;
  opts?: string;
}

export interface ProgramOptions {
  /** The default is the dynamic one. */
  host?: HostName | undefined;
  connector?: Record<string, unknown> | "imap";
  connectorName?: string;
  /** Options of the connector, as JavaScript. */
  connectorOpts?: string;
  /** By resource name. */
  mailboxes?: Record<string, Mailbox>;
  /** Lines that stand before the resources. */
  before?: string;
  /** Further lines; `connector` and `grants` (by name) are in scope. */
  more?: string;
}

/** A line of a program that gives further options to the resources whose type contains this text; the classes do not see them. */
export function withOptions(type: string, options: string): string {
  return `pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
  type.includes(${JSON.stringify(type)}) ? { props, opts: { ...opts, ${options} } } : undefined);`;
}

/** A CommonJS program. Passwords stand in it in clear, as a careless user would write them. */
export function program(emulator: TestEmulator, options: ProgramOptions = {}): string {
  const {
    connector = {},
    connectorName = "imap",
    connectorOpts = "{}",
    mailboxes = {},
    before = "",
    more = "",
    host = "dynamic",
  } = options;
  const lines = Object.entries(mailboxes).map(([name, { username, password, args = {}, opts = "{}" }]) => {
    const all = {
      imapUsername: username,
      imapPassword: password,
      imapHost: emulator.imap.host,
      imapPort: emulator.imap.port,
      smtpHost: emulator.smtp.host,
      smtpPort: emulator.smtp.port,
      ...args,
    };
    return `grants[${JSON.stringify(name)}] = new ByoImapGrant(${JSON.stringify(name)}, { connector, ...${JSON.stringify(all)} }, ${opts});`;
  });
  return [
    'const pulumi = require("@pulumi/pulumi");',
    `const { ByoImapGrant, ImapConnector, Provider } = require(${JSON.stringify(CLASSES[host])});`,
    before,
    connector === "imap"
      ? 'const connector = "imap";'
      : `const connector = new ImapConnector(${JSON.stringify(connectorName)}, ${JSON.stringify(connector)}, ${connectorOpts});`,
    "const grants = {};",
    ...lines,
    more,
    "exports.grantIds = Object.fromEntries(Object.entries(grants).map(([name, grant]) => [name, grant.grantId]));",
  ].join("\n");
}
