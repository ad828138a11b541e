import * as pulumi from "@pulumi/pulumi";
import { MailEnvironment } from "pulumi-nylas-imap";

// Everything that differs from stack to stack stands in Pulumi.<stack>.yaml; the passwords are added there as secrets:
// pulumi config set --stack dev --path --secret 'passwords.ops'
// ../ci has a pipeline for such stacks.
const config = new pulumi.Config();
const servers = config.requireObject<{ imapHost: string; imapPort?: number; smtpHost: string; smtpPort?: number }>(
  "servers",
);
const addresses = config.requireObject<Record<string, string>>("mailboxes");
const passwords = config.requireSecretObject<Record<string, string>>("passwords");

const mail = new MailEnvironment(
  "mail",
  {
    defaults: servers,
    mailboxes: Object.fromEntries(
      Object.entries(addresses).map(([name, address]) => [
        name,
        { imapUsername: address, imapPassword: passwords.apply((all) => all[name]) },
      ]),
    ),
  },
  // In production, a mailbox that vanishes from the program is refused instead of deleted.
  { protect: config.getBoolean("protect") ?? false },
);

export const grantIds = mail.grantIds;
