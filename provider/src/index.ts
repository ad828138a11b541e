export {
  type ExchangeCodeArgs,
  type ExchangedCode,
  exchangeCode,
  exchangeCodeOutput,
  type HostedAuthUrlArgs,
  hostedAuthUrl,
  hostedAuthUrlOutput,
} from "./functions/hosted-auth.js";
export {
  type DetectedProvider,
  detectProvider,
  detectProviderOutput,
  type GrantResult,
  getApplication,
  getApplicationOutput,
  getConnector,
  getConnectorOutput,
  getGrant,
  getGrantOutput,
  type ListGrantsArgs,
  type LookupOptions,
  listGrants,
  listGrantsOutput,
} from "./functions/lookups.js";
export * from "./nylas/errors.js";
export type { Application, Connector } from "./nylas/wire.js";
export { ByoImapGrant, type ByoImapGrantArgs, type MailboxArgs } from "./resources/byo-imap-grant.js";
export { ImapConnector, type ImapConnectorArgs } from "./resources/imap-connector.js";
export {
  type EnvironmentMailbox,
  type MailboxDefaults,
  MailEnvironment,
  type MailEnvironmentArgs,
} from "./resources/mail-environment.js";
export type { Region } from "./settings.js";
