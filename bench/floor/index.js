/**
 * What Pulumi itself costs: resources with the fields of `pulumi-nylas-imap`, stored code of the same length, and a provider
 * that does nothing.
 */
const pulumi = require("@pulumi/pulumi");
const { mailboxes } = require("../mailboxes.cjs");

/** @typedef {{ configure(req: import("@pulumi/pulumi").dynamic.ConfigureRequest): void }} Thunk */

// The path has the length that makes the stored code as long as that of `pulumi-nylas-imap`, which is formatted otherwise.
/** @type {Thunk} */
const connectorThunk = {
  configure(req) {
    return require("./idle-provider.js").ImapConnector(this, req);
  },
};
/** @type {Thunk} */
const grantThunk = {
  configure(req) {
    return require("./idle-provider.js").ByoImapGrant(this, req);
  },
};

/**
 * `configure` adds the other methods at run time.
 * @param {Thunk} thunk
 */
function providerOf(thunk) {
  return /** @type {import("@pulumi/pulumi").dynamic.ResourceProvider} */ (/** @type {unknown} */ (thunk));
}

/** As long as the digests of names that `pulumi-nylas-imap` stores. */
const DIGEST = "0".repeat(32);

const OPTIONS = { deleteBeforeReplace: true };

class Connector extends pulumi.dynamic.Resource {
  /** @param {string} name */
  constructor(name) {
    const outputs = { provider: undefined, name: undefined, adopted: undefined, applicationId: undefined };
    super(
      providerOf(connectorThunk),
      name,
      { ...outputs, owner: DIGEST, stack: DIGEST },
      OPTIONS,
      "nylas",
      "ImapConnector",
    );
  }
}

class Grant extends pulumi.dynamic.Resource {
  /** @param {string} name @param {import("@pulumi/pulumi").Inputs} args */
  constructor(name, args) {
    const outputs = {
      grantId: undefined,
      email: undefined,
      grantStatus: undefined,
      createdAt: undefined,
      updatedAt: undefined,
      adopted: undefined,
      applicationId: undefined,
    };
    const hidden = { imapPassword: pulumi.secret(args.imapPassword), owner: DIGEST, stack: DIGEST };
    super(providerOf(grantThunk), name, { ...outputs, ...args, ...hidden }, OPTIONS, "nylas", "ByoImapGrant");
  }
}

const connector = new Connector("imap");
for (const { name, args } of mailboxes) new Grant(name, { connector: connector.id, ...args });
