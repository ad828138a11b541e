import * as pulumi from "@pulumi/pulumi";
import { MailEnvironment } from "pulumi-nylas-imap";

// pulumi config set --path 'mailboxes.ops' ops@example.com
const config = new pulumi.Config();
const addresses = config.getObject<Record<string, string>>("mailboxes") ?? {};
refuseSharedVariables(Object.keys(addresses));

const mail = new MailEnvironment(
  "mail",
  {
    defaults: {
      imapHost: config.require("imapHost"),
      imapPort: config.getNumber("imapPort"),
      smtpHost: config.require("smtpHost"),
      smtpPort: config.getNumber("smtpPort"),
    },
    mailboxes: Object.fromEntries(
      Object.entries(addresses).map(([name, address]) => [
        name,
        { imapUsername: address, imapPasswordFrom: { env: passwordVariable(name) } },
      ]),
    ),
  },
  // With `true`, a mailbox that vanishes from the program is refused instead of deleted.
  { protect: config.getBoolean("protect") ?? false },
);

export const grantIds = mail.grantIds;

/** `ops-eu` and `ops_eu` have one variable: one of them would be authenticated with the other's password. */
function refuseSharedVariables(names: string[]): void {
  const variables = names.map(passwordVariable);
  const shared = variables.find((variable, index) => variables.indexOf(variable) !== index);
  if (shared !== undefined)
    throw new Error(`two mailboxes would have the password of ${shared}: give one another name`);
}

/** The environment variable of a mailbox's password: MAILBOX_PASSWORD_OPS for `ops`. The state never has the password. */
function passwordVariable(name: string): string {
  return `MAILBOX_PASSWORD_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}
