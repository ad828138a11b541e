const { ByoImapGrant, ImapConnector } = require("pulumi-nylas-imap");
const { mailboxes } = require("../mailboxes.cjs");

// Another stack may have it.
const connector = process.env.BENCH_CONNECTOR ?? new ImapConnector("imap");
const verify = process.env.BENCH_VERIFY !== "false";

for (const { name, args } of mailboxes) new ByoImapGrant(name, { connector, ...args, ...(verify ? {} : { verify }) });
