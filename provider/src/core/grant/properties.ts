import * as v from "valibot";
import { sameMailbox } from "../../address.js";
import { InvalidInputError } from "../../errors.js";
import type { Host } from "../../host.js";
import type { MailboxCredentials } from "../../nylas/grants.js";
import { adviceForServer } from "../../provider-advice.js";
import { DEFAULT_APPLICATION } from "../../settings.js";
import {
  applicationName,
  type CheckFailure,
  flag,
  isUnknown,
  loginName,
  missing,
  oneOf,
  type Properties,
  port,
  text,
  UNKNOWN,
  validate,
} from "../properties/validate.js";
import { changed, namesWith, pick, type Values } from "../properties/values.js";
import { isDigestOf, keepPassword, keptPassword, passwordDigest } from "./password-digest.js";
import { passwordSource, readPassword } from "./passwords.js";
import { isPlaceholder, sendableHost, sendablePassword } from "./sendable.js";

/** IMAP over TLS. */
const DEFAULT_IMAP_PORT = 993;
/** Submission over TLS. */
const DEFAULT_SMTP_PORT = 465;

/** Inputs that the resource class sets, not the user. */
const HIDDEN_ARGUMENTS = ["owner", "stack", "imapPasswordDigest", "smtpPasswordDigest"] as const;

const entries = {
  imapUsername: loginName,
  imapPassword: v.optional(v.string()),
  imapPasswordFrom: v.optional(passwordSource),
  imapPasswordDigest: v.optional(text),
  imapHost: text,
  imapPort: port,
  smtpHost: v.optional(text),
  smtpPort: v.optional(port),
  smtpUsername: v.optional(text),
  smtpPassword: v.optional(v.string()),
  smtpPasswordFrom: v.optional(passwordSource),
  smtpPasswordDigest: v.optional(text),
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
} satisfies Record<string, v.GenericSchema>;

type ArgumentName = keyof typeof entries;
/** The names that a program may give. */
export type PublicArgumentName = Exclude<ArgumentName, (typeof HIDDEN_ARGUMENTS)[number]>;

/**
 * What `credentials` demands before a password is sent. `check` demands it too, unless all values are those of the state, and so
 * nothing asks for an authentication: a rule may be younger than the state.
 */
const SENDABLE = {
  imapPassword: v.optional(sendablePassword),
  smtpPassword: v.optional(sendablePassword),
  imapHost: sendableHost,
  smtpHost: v.optional(sendableHost),
} satisfies Partial<Record<ArgumentName, v.GenericSchema>>;

/**
 * What a change does. `authenticates`: the grant is re-authenticated in place. `recorded`: the change is written to the state,
 * and no request is sent. `imapUsername` authenticates only if its spelling changes; another mailbox replaces the grant.
 * `compared`: see `changesPassword`.
 */
const ON_CHANGE = {
  imapUsername: "authenticates",
  imapPassword: "compared",
  imapPasswordFrom: "recorded",
  imapPasswordDigest: "compared",
  imapHost: "authenticates",
  imapPort: "authenticates",
  smtpHost: "authenticates",
  smtpPort: "authenticates",
  smtpUsername: "authenticates",
  smtpPassword: "compared",
  smtpPasswordFrom: "recorded",
  smtpPasswordDigest: "compared",
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
} as const satisfies Record<ArgumentName, "authenticates" | "compared" | "recorded" | "replaces" | "ignored">;

const schema = v.object(entries);

/** The checked arguments of a grant. */
export type GrantArguments = v.InferOutput<typeof schema>;

/** A password of a mailbox: the argument, its source, and the digest that the state holds instead of both. */
interface Password {
  argument: "imapPassword" | "smtpPassword";
  source: "imapPasswordFrom" | "smtpPasswordFrom";
  digest: "imapPasswordDigest" | "smtpPasswordDigest";
}

const IMAP_PASSWORD: Password = {
  argument: "imapPassword",
  source: "imapPasswordFrom",
  digest: "imapPasswordDigest",
};
const SMTP_PASSWORD: Password = {
  argument: "smtpPassword",
  source: "smtpPasswordFrom",
  digest: "smtpPasswordDigest",
};
export const PASSWORDS: readonly Password[] = [IMAP_PASSWORD, SMTP_PASSWORD];

export const GRANT_SECRETS = PASSWORDS.flatMap(({ argument, digest }) => [argument, digest]);
const GRANT_ARGUMENTS = Object.keys(entries);
/** The arguments that Pulumi stores, as inputs and as outputs: all but the passwords. */
const STORED_ARGUMENTS = GRANT_ARGUMENTS.filter((name) => !PASSWORDS.some(({ argument }) => argument === name));
export const GRANT_DEFAULTS: Values = v.getDefaults(schema);

export const AUTHENTICATED_ARGUMENTS = namesWith<string>(ON_CHANGE, "authenticates");
export const RECORDED_ARGUMENTS = namesWith<string>(ON_CHANGE, "recorded");
export const REPLACING_ARGUMENTS = namesWith<string>(ON_CHANGE, "replaces");

const properties: Properties = {
  schemas: entries,
  required: ["imapUsername", "imapHost"],
  secret: GRANT_SECRETS,
  hidden: HIDDEN_ARGUMENTS,
};
const propertiesToSend: Properties = { ...properties, schemas: { ...entries, ...SENDABLE } };

/**
 * Fills in the default ports, puts digests in the place of passwords, and validates the arguments. A value that is not known yet
 * passes.
 */
export function checkGrantArguments(
  host: Host,
  news: Values,
  olds: Values = {},
): { inputs: Values; failures: CheckFailure[] } {
  const inputs: Record<string, unknown> = { ...pick(news, Object.keys(news)) };
  inputs.imapPort ??= DEFAULT_IMAP_PORT;
  if (inputs.smtpHost !== undefined) inputs.smtpPort ??= DEFAULT_SMTP_PORT;
  const passwords = PASSWORDS.map((names) => checkPassword(host, names, inputs, olds));
  const checked: Values = { ...inputs, ...Object.assign({}, ...passwords.map(({ stored }) => stored)) };
  const sends = asksForAuthentication(olds, checked);
  if (inputs.imapHost !== olds.imapHost) adviseOnce(host, inputs.imapHost);
  return {
    inputs: checked,
    failures: [
      ...validate(sends ? propertiesToSend : properties, inputs),
      ...(sends ? passwords.flatMap(({ problems = [] }) => problems) : []),
      ...passwords.flatMap(({ failures }) => failures),
      ...smtpFailures(inputs),
      ...upgradeFailures(inputs, olds),
    ],
  };
}

/** Parses arguments that have passed `check`. */
export function readGrantArguments(values: Values): GrantArguments {
  return v.parse(schema, pick(values, GRANT_ARGUMENTS));
}

/** The arguments as the state holds them: digests in the place of passwords. */
export function storedArguments(values: Values): Values {
  const digests = PASSWORDS.flatMap((names) => {
    const password = values[names.argument];
    return typeof password === "string" ? [[names.digest, digestOf(names, password, values)]] : [];
  });
  return { ...pick(values, STORED_ARGUMENTS), ...Object.fromEntries(digests) };
}

/** What Nylas logs in with. Reads passwords from their sources; throws if one is absent, or if anything must not be sent. */
export function credentials(args: GrantArguments, host: Host): MailboxCredentials {
  const mailbox = declaredCredentials(args, host);
  for (const [name, sendable] of Object.entries<v.GenericSchema>(SENDABLE)) {
    const result = v.safeParse(sendable, mailbox[name as keyof typeof SENDABLE]);
    if (!result.success) throw notSendable(args, `${name} ${result.issues[0].message}`);
  }
  return mailbox;
}

function declaredCredentials(args: GrantArguments, host: Host): MailboxCredentials {
  const { imapUsername, imapHost, imapPort } = args;
  const imapPassword = passwordOf(host, args, IMAP_PASSWORD);
  if (imapPassword === undefined) throw notSendable(args, "neither imapPassword nor imapPasswordFrom is set");
  if (args.receiveOnly) return { imapUsername, imapPassword, imapHost, imapPort };
  const { smtpHost, smtpPort, smtpUsername } = args;
  const smtpPassword = passwordOf(host, args, SMTP_PASSWORD);
  return { imapUsername, imapPassword, imapHost, imapPort, smtpHost, smtpPort, smtpUsername, smtpPassword };
}

/** Whether the mailbox has another password than at its last authentication, as far as can be known without the old one. */
export function changesPassword(olds: Values, news: Values): boolean {
  return PASSWORDS.some(({ argument, digest }) => {
    const [before, after, oldDigest, newDigest] = [olds[argument], news[argument], olds[digest], news[digest]];
    if (typeof after === "string" && !isUnknown(after) && typeof oldDigest === "string") {
      return !isDigestOf(oldDigest, after);
    }
    if (typeof before === "string" && typeof newDigest === "string") return !isDigestOf(newDigest, before);
    return before !== after || oldDigest !== newDigest;
  });
}

/** The passwords that leave the state because they are read from a source from now on. */
export function passwordsLeavingState(olds: Values, news: Values): string[] {
  const leaving = PASSWORDS.filter(({ argument, source }) => {
    const old = olds[argument];
    return old !== undefined && !isPlaceholder(old) && news[argument] === undefined && news[source] !== undefined;
  });
  return leaving.map(({ argument }) => argument);
}

function passwordOf(host: Host, args: GrantArguments, { argument, source, digest }: Password): string | undefined {
  const [value, from, stored] = [args[argument], args[source], args[digest]];
  if (value !== undefined) return value;
  if (from === undefined) {
    const kept = stored === undefined ? undefined : keptPassword(stored);
    if (kept !== undefined || stored === undefined) return kept;
    throw notSendable(args, `${argument} ${HIDDEN}`, UNHIDE);
  }
  const reading = readPassword(from, host);
  if (!("value" in reading))
    throw notSendable(args, `${source}: ${"absent" in reading ? reading.absent : reading.invalid}`);
  if (reading.problem !== undefined) throw notSendable(args, `${source}: ${reading.problem}`);
  return reading.value;
}

function notSendable({ imapUsername }: GrantArguments, answer: string, way?: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Authenticating mailbox ${imapUsername}`,
    answer: `${answer}; nothing was sent`,
    remedy:
      `${way ?? "provide it where `pulumi up` runs"}: the mailbox has to be authenticated, because an argument has changed, or Nylas ` +
      "calls the grant invalid",
  });
}

function digestOf({ argument }: Password, password: string, values: Values, earlier?: string): string {
  return passwordDigest(password, saltSeed(argument, values), earlier);
}

/** What a password's salt is made of: the same in preview and update, and another one for each resource. */
function saltSeed(argument: string, { owner, imapUsername }: Values): string[] {
  return [argument, String(owner ?? imapUsername)];
}

interface CheckedPassword {
  /** What the state holds instead of the password. */
  stored: Values;
  failures: CheckFailure[];
  /** What keeps the password from being sent. */
  problems?: CheckFailure[];
}

function checkPassword(host: Host, names: Password, inputs: Values, olds: Values): CheckedPassword {
  const { argument, source: sourceName, digest: digestName } = names;
  const storing = (digest: string | undefined, ...failures: CheckFailure[]) => ({
    stored: { [argument]: undefined, [digestName]: digest },
    failures,
  });
  const value = inputs[argument] ?? undefined;
  const source = inputs[sourceName] ?? undefined;
  const before = earlierDigest(names, olds);
  if (value !== undefined && source !== undefined) {
    return storing(undefined, missing(argument, `and ${sourceName} are both set; give one of them`));
  }
  if (value !== undefined) {
    if (isUnknown(value)) return storing(UNKNOWN);
    return storing(typeof value === "string" ? keepPassword(value, saltSeed(argument, inputs), before) : undefined);
  }
  if (source === undefined) {
    if (isHidden(names, inputs)) {
      return {
        ...storing(before),
        problems: [missing(argument, `${HIDDEN}; ${UNHIDE}: this change authenticates the mailbox`)],
      };
    }
    if (argument === "smtpPassword") return storing(undefined);
    return storing(undefined, missing(argument, "or imapPasswordFrom is required"));
  }
  if (!v.is(passwordSource, source)) return storing(undefined);

  const reading = readPassword(source, host);
  const unusable = (reason: string) => missing(sourceName, `is unusable: ${reason}`);
  if ("value" in reading) {
    const problems = reading.problem === undefined ? [] : [unusable(reading.problem)];
    return { ...storing(digestOf(names, reading.value, inputs, before)), problems };
  }
  if ("invalid" in reading) return storing(undefined, unusable(reading.invalid));
  // A plan without secrets must not show a change of every mailbox.
  if (keepsGrant(inputs, olds)) return storing(before);
  const reason = `is absent: ${reading.absent}, and the grant has yet to be made. Provide it where Pulumi runs`;
  return storing(undefined, missing(sourceName, reason));
}

/**
 * Whether the option `ignoreChanges` has replaced the password by that of the state, which has none. The resource class names a
 * digest for each password that the program gives.
 */
function isHidden({ argument, source, digest }: Password, inputs: Values): boolean {
  return (inputs[argument] ?? inputs[source] ?? undefined) === undefined && inputs[digest] !== undefined;
}

const HIDDEN = "is under ignoreChanges, and the state has only a digest of it";
const UNHIDE = "give the real one in the program, and take it out of ignoreChanges";

/** Also of a password that stands in the state, as earlier versions wrote it. */
function earlierDigest(names: Password, olds: Values): string | undefined {
  const [value, digest] = [olds[names.argument], olds[names.digest]];
  if (typeof digest === "string" && digest !== "") return digest;
  return typeof value === "string" ? digestOf(names, value, olds) : undefined;
}

/** Whether a grant exists that these inputs do not replace. Pulumi gives no old inputs for a forced replacement. */
function keepsGrant(inputs: Values, olds: Values): boolean {
  const { imapUsername } = inputs;
  if (typeof olds.imapUsername !== "string" || typeof imapUsername !== "string" || isUnknown(imapUsername))
    return false;
  const application = (values: Values) => values.application ?? DEFAULT_APPLICATION;
  return sameMailbox(olds.imapUsername, imapUsername) && application(olds) === application(inputs);
}

/** Whether these inputs authenticate the mailbox, as far as can be seen without its outputs. */
function asksForAuthentication(olds: Values, inputs: Values): boolean {
  if (!keepsGrant(inputs, olds)) return true;
  return changed(olds, inputs, AUTHENTICATED_ARGUMENTS, GRANT_DEFAULTS).length > 0 || changesPassword(olds, inputs);
}

/** The providers that this process has told about. A plan of many mailboxes at one provider tells once. */
const advised = new Set<string>();

function adviseOnce({ notices }: Host, imapHost: unknown): void {
  const advice = typeof imapHost === "string" ? adviceForServer(imapHost) : undefined;
  if (advice === undefined || advised.has(advice)) return;
  advised.add(advice);
  notices.notify(`${String(imapHost)}: ${advice}`);
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
