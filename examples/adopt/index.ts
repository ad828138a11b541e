import * as pulumi from "@pulumi/pulumi";
import { ByoImapGrant, ImapConnector } from "pulumi-nylas-imap";

// pulumi config set --path 'mailboxes.ops' ops@example.com
// pulumi config set --path --secret 'passwords.ops'
const config = new pulumi.Config();
const mailboxes = config.requireObject<Record<string, string>>("mailboxes");
const passwords = config.requireSecretObject<Record<string, string>>("passwords");

// Without deleteAdopted: true, destroy leaves what is adopted at Nylas.
const connector = new ImapConnector("imap", { onExisting: "adopt" });

const grants = Object.entries(mailboxes).map(([name, address]) => {
  const grant = new ByoImapGrant(name, {
    connector,
    imapUsername: address,
    imapPassword: passwords.apply((all) => all[name]),
    imapHost: config.require("imapHost"),
    imapPort: config.getNumber("imapPort"),
    smtpHost: config.require("smtpHost"),
    smtpPort: config.getNumber("smtpPort"),
    onExisting: "adopt",
  });
  return [name, grant.grantId] as const;
});

export const grantIds = pulumi.output(Object.fromEntries(grants));
