import type { Exportable, ExportableMailbox } from "./exportable.js";

/** Writes a TypeScript program that declares the resources. */
export function programText(content: Exportable): string {
  const { applicationId, declaresConnector, domains, leftOut, mailboxes } = content;
  const what = declaresConnector ? "The IMAP connector and grants" : "An IMAP grant";
  const lines = [
    `// ${what} of Nylas application ${literal(applicationId)}, written by \`nylas-imap export\`.`,
    'import * as pulumi from "@pulumi/pulumi";',
    `import { ${declaresConnector ? "ByoImapGrant, ImapConnector" : "ByoImapGrant"} } from "pulumi-nylas-imap";`,
    "",
    "const config = new pulumi.Config();",
    "",
    ...serversTable(domains),
    '// onExisting: "adopt" is for an `up` without import.json, and for the first one. Remove it afterwards: a grant that another',
    "// stack adopts is then not taken back. Destroy leaves what is adopted or imported.",
    ...(declaresConnector ? [connectorLine(content), ""] : []),
    ...mailboxes.flatMap((mailbox) => mailboxLines(content, mailbox)),
    ...leftOut.map((reason) => `// Left out: ${literal(reason)}`),
    ...(leftOut.length === 0 ? [] : [""]),
    "export const grantIds = {",
    ...mailboxes.map(({ name, imapUsername }, index) => {
      const isRepeated = mailboxes.slice(0, index).some((other) => other.imapUsername === imapUsername);
      return `  ${literal(isRepeated ? name : imapUsername)}: ${name}.grantId,`;
    }),
    "};",
  ];
  return `${lines.join("\n")}\n`;
}

function connectorLine({ application, connector }: Exportable): string {
  const named = connector?.name === undefined ? [] : [`name: ${literal(connector.name)}`];
  const properties = [...named, 'onExisting: "adopt"', ...ofApplication(application)];
  return `const connector = new ImapConnector("imap", { ${properties.join(", ")} }, { protect: true });`;
}

function ofApplication(application: string | undefined): string[] {
  return application === undefined ? [] : [`application: ${literal(application)}`];
}

function serversTable(domains: Exportable["domains"]): string[] {
  if (domains.length === 0) return [];
  return [
    "// Nylas does not tell the mail servers. Add imapPort and smtpPort where they differ from 993 and 465, or receiveOnly: true",
    "// instead of smtpHost for mailboxes that only receive.",
    "const servers = {",
    ...domains.flatMap(({ domain, name }) => [
      `  ${literal(domain)}: {`,
      `    imapHost: config.require("${name}_imapHost"),`,
      `    smtpHost: config.require("${name}_smtpHost"),`,
      "  },",
    ]),
    "};",
    "",
  ];
}

function mailboxLines(
  { application, declaresConnector }: Exportable,
  { name, imapUsername, domain, servers }: ExportableMailbox,
): string[] {
  const settings =
    servers === undefined
      ? [`...servers[${literal(domain)}]`]
      : Object.entries(servers).map(([argument, value]) => `${argument}: ${literal(value)}`);
  const properties = [
    ...(declaresConnector ? ["connector"] : ['connector: "imap"', ...ofApplication(application)]),
    `imapUsername: ${literal(imapUsername)}`,
    `imapPassword: config.requireSecret("${passwordKey(name)}")`,
    ...settings,
    'onExisting: "adopt"',
  ];
  return [
    `const ${name} = new ByoImapGrant(`,
    `  "${name}",`,
    "  {",
    ...properties.map((property) => `    ${property},`),
    "  },",
    "  { protect: true },",
    ");",
    "",
  ];
}

/** The configuration key of a mailbox's password. */
export function passwordKey(name: string): string {
  return `${name}_imapPassword`;
}

/** A value as a literal of TypeScript. Also in comments, which the two separators would end: the value may come from a server. */
function literal(value: string | number | boolean): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
