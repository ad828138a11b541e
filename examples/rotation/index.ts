import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ByoImapGrant, ImapConnector } from "pulumi-nylas-imap";
import { MailboxPassword } from "./mailbox-password";

const config = new pulumi.Config();
const address = config.require("mailbox");

// Another value of `rotation` makes another password: pulumi config set rotation 2026-12 && pulumi up
const password = new random.RandomPassword("ops", {
  length: 32,
  special: false,
  keepers: { rotation: config.require("rotation") },
});

// First the mail server learns the password …
const onServer = new MailboxPassword("ops", {
  adminUri: config.require("adminUri"),
  adminKey: config.requireSecret("adminKey"),
  username: address,
  password: password.result,
});

// … then Nylas: the grant takes the password from the resource that has set it, so it comes after it.
const grant = new ByoImapGrant("ops", {
  connector: new ImapConnector("imap"),
  imapUsername: address,
  imapPassword: onServer.password,
  imapHost: config.require("imapHost"),
  imapPort: config.getNumber("imapPort"),
  smtpHost: config.require("smtpHost"),
  smtpPort: config.getNumber("smtpPort"),
});

export const grantId = grant.grantId;
export const authenticatedAt = grant.updatedAt;
