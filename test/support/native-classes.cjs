/** Classes for programs of tests on the native host, as Pulumi's generator makes them from a schema. */
const pulumi = require("@pulumi/pulumi");

const GRANT_OUTPUTS = ["grantId", "email", "grantStatus", "createdAt", "updatedAt", "adopted", "applicationId"];
const CONNECTOR_OUTPUTS = ["provider", "name", "adopted", "applicationId"];

/** Outputs that no argument names: the provider supplies them. */
const undefinedOutputs = (names) => Object.fromEntries(names.map((name) => [name, undefined]));

class ImapConnector extends pulumi.CustomResource {
  constructor(name, args = {}, opts) {
    super("nylas:index:ImapConnector", name, { ...undefinedOutputs(CONNECTOR_OUTPUTS), ...args }, opts);
  }

  static get(name, id, opts) {
    return new ImapConnector(name, {}, { ...opts, id });
  }
}

class ByoImapGrant extends pulumi.CustomResource {
  constructor(name, { connector, imapPassword, smtpPassword, ...args } = {}, opts) {
    const inputs = {
      ...undefinedOutputs(GRANT_OUTPUTS),
      ...args,
      connector: connector instanceof ImapConnector ? connector.id : connector,
      imapPassword: imapPassword === undefined ? undefined : pulumi.secret(imapPassword),
      smtpPassword: smtpPassword === undefined ? undefined : pulumi.secret(smtpPassword),
    };
    super("nylas:index:ByoImapGrant", name, inputs, opts);
  }

  static get(name, id, opts) {
    return new ByoImapGrant(name, {}, { ...opts, id });
  }
}

/** An explicit provider. */
class Provider extends pulumi.ProviderResource {
  constructor(name, { apiKey, ...args }, opts) {
    super("nylas", name, { ...args, apiKey: apiKey === undefined ? undefined : pulumi.secret(apiKey) }, opts);
  }
}

module.exports = { ByoImapGrant, ImapConnector, Provider };
