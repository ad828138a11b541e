import * as v from "valibot";
import {
  applicationName,
  type CheckFailure,
  flag,
  host,
  isUnknown,
  loginName,
  missing,
  oneOf,
  type Properties,
  password,
  port,
  text,
  validate,
} from "../lifecycle/validate.js";
import { namesWith, pick, type Values } from "../lifecycle/values.js";
import type { MailboxCredentials } from "../nylas/grants.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import type { ByoImapGrantArgs } from "./resource.js";

/** IMAP over TLS. */
const DEFAULT_IMAP_PORT = 993;
/** Submission over TLS. */
const DEFAULT_SMTP_PORT = 465;

/** Inputs that the resource class sets, not the user. */
const HIDDEN_ARGUMENTS = ["owner", "stack"] as const;
type ArgumentName = keyof ByoImapGrantArgs | (typeof HIDDEN_ARGUMENTS)[number];

const entries = {
  imapUsername: loginName,
  imapPassword: password,
  imapHost: host,
  imapPort: port,
  smtpHost: v.optional(host),
  smtpPort: v.optional(port),
  smtpUsername: v.optional(text),
  smtpPassword: v.optional(password),
  receiveOnly: v.optional(flag, false),
  onExisting: v.optional(oneOf(["fail", "adopt"]), "fail"),
  deleteAdopted: v.optional(flag, false),
  credentialVersion: v.optional(v.union([text, v.number()], "must be a string or a number")),
  verify: v.optional(flag, true),
  preflight: v.optional(oneOf(["off", "warn", "enforce"]), "off"),
  application: v.optional(applicationName, DEFAULT_APPLICATION),
  connector: v.optional(v.literal("imap", 'must be "imap" or an ImapConnector'), "imap"),
  owner: v.optional(text),
  stack: v.optional(text),
} satisfies Record<ArgumentName, v.GenericSchema>;

/**
 * What a change does. `authenticates`: the grant is re-authenticated in place. `recorded`: the change is written to the state,
 * and no request is sent. `imapUsername` authenticates only if its spelling changes; another mailbox replaces the grant.
 */
const ON_CHANGE = {
  imapUsername: "authenticates",
  imapPassword: "authenticates",
  imapHost: "authenticates",
  imapPort: "authenticates",
  smtpHost: "authenticates",
  smtpPort: "authenticates",
  smtpUsername: "authenticates",
  smtpPassword: "authenticates",
  receiveOnly: "authenticates",
  credentialVersion: "authenticates",
  onExisting: "recorded",
  deleteAdopted: "recorded",
  verify: "recorded",
  preflight: "recorded",
  application: "replaces",
  connector: "ignored",
  owner: "recorded",
  stack: "ignored",
} as const satisfies Record<ArgumentName, "authenticates" | "recorded" | "replaces" | "ignored">;

const schema = v.object(entries);

/** The checked arguments of a grant. */
export type GrantArguments = v.InferOutput<typeof schema>;

export const GRANT_SECRETS = ["imapPassword", "smtpPassword"] as const satisfies ArgumentName[];
export const GRANT_ARGUMENTS = Object.keys(entries);
export const GRANT_DEFAULTS: Values = v.getDefaults(schema);

export const AUTHENTICATED_ARGUMENTS = namesWith<string>(ON_CHANGE, "authenticates");
export const RECORDED_ARGUMENTS = namesWith<string>(ON_CHANGE, "recorded");
export const REPLACING_ARGUMENTS = namesWith<string>(ON_CHANGE, "replaces");

const properties: Properties = {
  schemas: entries,
  required: ["imapUsername", "imapPassword", "imapHost"],
  secret: GRANT_SECRETS,
  hidden: HIDDEN_ARGUMENTS,
};

/** Fills in the default ports and validates the arguments; a value that is not known yet passes. */
export function checkGrantArguments(news: Values, olds: Values = {}): { inputs: Values; failures: CheckFailure[] } {
  const inputs: Record<string, unknown> = { ...pick(news, Object.keys(news)) };
  inputs.imapPort ??= DEFAULT_IMAP_PORT;
  if (inputs.smtpHost !== undefined) inputs.smtpPort ??= DEFAULT_SMTP_PORT;
  return {
    inputs,
    failures: [...validate(properties, inputs), ...smtpFailures(inputs), ...upgradeFailures(inputs, olds)],
  };
}

/** Parses arguments that have passed `check`. */
export function readGrantArguments(values: Values): GrantArguments {
  return v.parse(schema, pick(values, GRANT_ARGUMENTS));
}

export function credentials(args: GrantArguments): MailboxCredentials {
  const { imapUsername, imapPassword, imapHost, imapPort } = args;
  if (args.receiveOnly) return { imapUsername, imapPassword, imapHost, imapPort };
  const { smtpHost, smtpPort, smtpUsername, smtpPassword } = args;
  return { imapUsername, imapPassword, imapHost, imapPort, smtpHost, smtpPort, smtpUsername, smtpPassword };
}

function smtpFailures(inputs: Values): CheckFailure[] {
  if (inputs.receiveOnly === true || isUnknown(inputs.receiveOnly) || inputs.smtpHost !== undefined) return [];
  const reason =
    "is required: without it Nylas makes the grant, but sending fails later. Give smtpHost (and smtpPort), or receiveOnly: true";
  return [missing("smtpHost", reason)];
}

/**
 * Refuses a replacement that only an upgrade causes. Version 0.1.0 created every grant without an `application` in the default
 * application, even if its connector had another. Inheriting the connector's application would replace such a grant, and lose
 * its id, although the program has not changed. States of 0.1.0 are recognized by the missing `stack`.
 */
function upgradeFailures(inputs: Values, olds: Values): CheckFailure[] {
  const { application } = inputs;
  const writtenBy010 = olds.imapUsername !== undefined && olds.stack === undefined;
  if (!writtenBy010 || olds.application !== undefined || application === undefined || isUnknown(application)) return [];
  if (application === DEFAULT_APPLICATION) return [];
  const reason =
    `is "${String(application)}", but version 0.1.0 made this grant in "${DEFAULT_APPLICATION}", and another application means another grant id. ` +
    'Pass connector: "imap" and no application to keep the grant where it is. To move it, do that first, run `up`, and then set the application';
  return [{ property: "application", reason: `application ${reason}` }];
}
