import type { ConnectorOutputs } from "../core/connector/state.js";
import { UNKNOWN_HOST, UNKNOWN_PASSWORD } from "../core/grant/sendable.js";
import type { GrantOutputs } from "../core/grant/state.js";
import { SECRET_SIGNATURE } from "../hosts/secret-signature.js";
import type { Exportable, ExportableMailbox } from "./exportable.js";
import { GRANT_TYPE } from "./stack-state.js";

/** The provider's code as every state has it: what Pulumi makes of `hosts/dynamic/thunk.ts`. A test compares them. */
export function storedCode(resource: "ImapConnector" | "ByoImapGrant"): string {
  return `exports.handler = __f0;

var __provider = {configure: __f1};

function __f1(__0) {
  return (function() {
    with({ this: undefined, arguments: undefined }) {

return function /*configure*/(req) { return require("pulumi-nylas-imap/provider").${resource}(this, req); };

    }
  }).apply(undefined, undefined).apply(this, arguments);
}

function __f0() {
  return (function() {
    with({ provider: __provider, this: undefined, arguments: undefined }) {

return () => provider;

    }
  }).apply(undefined, undefined).apply(this, arguments);
}
`;
}

/**
 * The content of a file for `pulumi import --file`. The engine reads nothing for an entry that has inputs and outputs, so an import
 * sends no request. Placeholders stand for what Nylas does not tell. They differ from every real value, so the next `up`
 * authenticates the mailbox with the declared settings, which also proves that they are right.
 */
export function importFile(content: Exportable): unknown {
  const connector = content.connector === undefined ? [] : [connectorEntry(content)];
  return { resources: [...connector, ...content.mailboxes.map((mailbox) => grantEntry(content, mailbox))] };
}

function connectorEntry({ connector, application, applicationId }: Exportable) {
  const { provider = "imap", name } = connector ?? {};
  const inputs = {
    __provider: storedCode("ImapConnector"),
    ...(name === undefined ? {} : { name }),
    onExisting: "adopt",
    ...(application === undefined ? {} : { application }),
  };
  const outputs: Omit<ConnectorOutputs, "name"> = { provider, adopted: true, applicationId };
  return {
    type: "pulumi-nodejs:dynamic/nylas:ImapConnector",
    name: "imap",
    id: "imap",
    inputs,
    outputs: { ...inputs, ...outputs },
  };
}

function grantEntry(
  { application, applicationId }: Exportable,
  { name, imapUsername, servers, grant }: ExportableMailbox,
) {
  const inputs = {
    __provider: storedCode("ByoImapGrant"),
    connector: "imap",
    imapUsername,
    imapPassword: { ...SECRET_SIGNATURE, plaintext: JSON.stringify(UNKNOWN_PASSWORD) },
    ...(servers ?? { imapHost: UNKNOWN_HOST, smtpHost: UNKNOWN_HOST }),
    onExisting: "adopt",
    ...(application === undefined ? {} : { application }),
  };
  const outputs: GrantOutputs & { grantId: string } = {
    grantId: grant.id,
    email: grant.email ?? imapUsername,
    grantStatus: grant.status,
    createdAt: grant.createdAt,
    updatedAt: grant.updatedAt,
    // The grant existed before: destroy leaves it.
    adopted: true,
    applicationId,
  };
  return {
    type: GRANT_TYPE,
    name,
    id: grant.id,
    inputs,
    outputs: { ...inputs, ...outputs },
  };
}
