export type { PasswordSource } from "./core/grant/passwords.js";
export type { GrantStatus } from "./core/grant/state.js";
export * from "./errors.js";
export type { Application, Connector } from "./nylas/wire.js";
export { ImapConnector, type ImapConnectorArgs } from "./program/connector.js";
export {
  type ExchangeCodeArgs,
  type ExchangedCode,
  exchangeCode,
  type HostedAuthUrlArgs,
  hostedAuthUrl,
  hostedAuthUrlOutput,
} from "./program/functions/hosted-auth.js";
export {
  type DetectedProvider,
  detectProvider,
  detectProviderOutput,
  type GrantByEmail,
  type GrantById,
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
} from "./program/functions/lookups.js";
export {
  ByoImapGrant,
  type ByoImapGrantArgs,
  type ByoImapGrantSettings,
  type CompleteMailbox,
  type MailboxArgs,
  type MailboxSettings,
  type PasswordByReference,
  type PasswordByValue,
  type ReceivingMailbox,
  type SendingMailbox,
} from "./program/grant.js";
export {
  type EnvironmentMailbox,
  type MailboxDefaults,
  MailEnvironment,
  type MailEnvironmentArgs,
} from "./program/mail-environment.js";
export type { Region } from "./settings.js";
