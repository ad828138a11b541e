/** The same mailboxes as resources of the plugin, in classes as thin as a program can have them. */
const pulumi = require("@pulumi/pulumi");
const { mailboxes } = require("../mailboxes.cjs");

class Connector extends pulumi.CustomResource {
  /** @param {string} name */
  constructor(name) {
    super("nylas:index:ImapConnector", name, { provider: undefined, name: undefined });
  }
}

class Grant extends pulumi.CustomResource {
  /** @param {string} name @param {import("@pulumi/pulumi").Inputs} args */
  constructor(name, args) {
    const outputs = { grantId: undefined, email: undefined, grantStatus: undefined };
    super("nylas:index:ByoImapGrant", name, { ...outputs, ...args, imapPassword: pulumi.secret(args.imapPassword) });
  }
}

const connector = process.env.BENCH_CONNECTOR ?? new Connector("imap").id;
const verify = process.env.BENCH_VERIFY !== "false";

for (const { name, args } of mailboxes) new Grant(name, { connector, ...args, ...(verify ? {} : { verify }) });
