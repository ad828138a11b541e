export { ImapConnector, type ImapConnectorArgs } from "./connector/resource.js";
export {
  type EnvironmentMailbox,
  type MailboxDefaults,
  MailEnvironment,
  type MailEnvironmentArgs,
} from "./environment/mail-environment.js";
export * from "./errors.js";
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
export type { PasswordSource } from "./grant/password-source.js";
export { ByoImapGrant, type ByoImapGrantArgs, type MailboxArgs } from "./grant/resource.js";
export type { Application, Connector } from "./nylas/wire.js";
export type { Region } from "./settings.js";
