import * as pulumi from "@pulumi/pulumi";
import { ByoImapGrant } from "pulumi-nylas-imap";

const config = new pulumi.Config();

// The connector belongs to a stack that stays, as all pull requests share it.
const grant = new ByoImapGrant("mailbox", {
  connector: "imap",
  // A machine that vanished between the creation and the saving of the state has left a grant that no state knows.
  onExisting: "adopt",
  imapUsername: config.require("address"),
  imapPasswordFrom: { env: "PREVIEW_MAILBOX_PASSWORD" },
  imapHost: config.require("imapHost"),
  imapPort: config.getNumber("imapPort"),
  smtpHost: config.require("smtpHost"),
  smtpPort: config.getNumber("smtpPort"),
});

export const grantId = grant.grantId;
