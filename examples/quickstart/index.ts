import * as pulumi from "@pulumi/pulumi";
import { ByoImapGrant, hostedAuthUrlOutput, ImapConnector } from "pulumi-nylas-imap";

// pulumi config set --path 'mailboxes.ops' ops@example.com
// pulumi config set --path --secret 'passwords.ops'
const config = new pulumi.Config();
const mailboxes = config.requireObject<Record<string, string>>("mailboxes");
const passwords = config.requireSecretObject<Record<string, string>>("passwords");

const connector = new ImapConnector("imap");

const grants = Object.entries(mailboxes).map(([name, address]) => {
  const grant = new ByoImapGrant(name, {
    connector,
    imapUsername: address,
    imapPassword: passwords.apply((all) => all[name]),
    imapHost: config.require("imapHost"),
    imapPort: config.getNumber("imapPort"),
    smtpHost: config.require("smtpHost"),
    smtpPort: config.getNumber("smtpPort"),
  });
  return [name, grant.grantId] as const;
});

export const connectorId = connector.id;
export const grantIds = pulumi.output(Object.fromEntries(grants));
// People connect a mailbox of their own here. Your service adds a `state` for each person, and checks it in the answer.
export const connectYourMailbox = hostedAuthUrlOutput({
  clientId: connector.applicationId,
  redirectUri: config.get("redirectUri") ?? "http://localhost:3000/oauth/exchange",
});
