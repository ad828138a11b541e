import * as v from "valibot";
import { isAddress, sameMailbox } from "../../address.js";
import { DEFAULT_APPLICATION } from "../../settings.js";
import { namesWhere, type Property, type PropertyTable, type PublicName, schemasOf } from "../properties/table.js";
import { applicationName, flag, isUnknown, loginName, oneOf, port, text } from "../properties/validate.js";
import { asText, pick, type Values } from "../properties/values.js";
import { isDigestOf, passwordDigest } from "./password-digest.js";
import { passwordSource } from "./passwords.js";
import { isPlaceholder, sendableHost, sendablePassword } from "./sendable.js";

/** Without a message of its own, the library's would quote the value. */
const passwordText = v.string("must be a string");

/**
 * Each property of a grant. `onChange`: what a change does. `authenticates`: the grant is re-authenticated in place. `recorded`: the
 * change is written to the state, and no request is sent. `imapUsername` authenticates only if its spelling changes; another mailbox
 * replaces the grant. `compared`: see `changedPasswords`.
 */
export const TABLE = {
  imapUsername: { schema: loginName, onChange: "authenticates", required: true },
  imapPassword: { schema: v.optional(passwordText), onChange: "compared", secret: true },
  imapPasswordFrom: { schema: v.optional(passwordSource), onChange: "recorded", mayHoldSecret: true },
  imapPasswordDigest: { schema: v.optional(text), onChange: "compared", secret: true, hidden: true },
  imapHost: { schema: text, onChange: "authenticates", required: true },
  imapPort: { schema: port, onChange: "authenticates" },
  smtpHost: { schema: v.optional(text), onChange: "authenticates" },
  smtpPort: { schema: v.optional(port), onChange: "authenticates" },
  smtpUsername: { schema: v.optional(text), onChange: "authenticates" },
  smtpPassword: { schema: v.optional(passwordText), onChange: "compared", secret: true },
  smtpPasswordFrom: { schema: v.optional(passwordSource), onChange: "recorded", mayHoldSecret: true },
  smtpPasswordDigest: { schema: v.optional(text), onChange: "compared", secret: true, hidden: true },
  receiveOnly: { schema: v.optional(flag, false), onChange: "authenticates" },
  onExisting: { schema: v.optional(oneOf(["fail", "adopt"]), "fail"), onChange: "recorded" },
  deleteAdopted: { schema: v.optional(flag, false), onChange: "recorded" },
  credentialVersion: {
    schema: v.optional(v.union([text, v.number()], "must be a string or a number")),
    onChange: "authenticates",
  },
  verify: { schema: v.optional(flag, true), onChange: "recorded" },
  preflight: { schema: v.optional(oneOf(["off", "warn", "enforce"]), "off"), onChange: "recorded" },
  application: { schema: v.optional(applicationName, DEFAULT_APPLICATION), onChange: "replaces", mayHoldSecret: true },
  connector: {
    schema: v.optional(v.literal("imap", 'must be "imap" or an ImapConnector'), "imap"),
    onChange: "ignored",
  },
  owner: { schema: v.optional(text), onChange: "recorded", hidden: true },
  stack: { schema: v.optional(text), onChange: "ignored", hidden: true },
} as const satisfies Record<string, Property & { onChange: OnChange }>;

/**
 * False only if these inputs certainly name another mailbox than the earlier ones, whatever the spelling. An import by id knows the address alone, and has
 * no owner: the authentication that follows tells whether a log-in name opens its mailbox.
 */
export function mayBeSameMailbox(olds: { owner?: unknown; imapUsername?: unknown }, imapUsername: string): boolean {
  const isFirstLoginName = olds.owner === undefined && !isAddress(imapUsername);
  return isFirstLoginName || (typeof olds.imapUsername === "string" && sameMailbox(olds.imapUsername, imapUsername));
}

type OnChange = "authenticates" | "compared" | "recorded" | "replaces" | "ignored";
type ArgumentName = keyof typeof TABLE;
/** The names that a program may give. */
export type PublicArgumentName = PublicName<typeof TABLE>;

/**
 * What `credentials` demands of these arguments before a password is sent. `check` demands it only if the inputs ask for an authentication,
 * so that a rule of a later version does not fail mailboxes that have not changed.
 */
export const SENDABLE = {
  imapPassword: v.optional(sendablePassword),
  smtpPassword: v.optional(sendablePassword),
  imapHost: sendableHost,
  smtpHost: v.optional(sendableHost),
} satisfies Partial<Record<ArgumentName, v.GenericSchema>>;

export const TABLE_TO_SEND: PropertyTable = {
  ...TABLE,
  imapPassword: { ...TABLE.imapPassword, schema: SENDABLE.imapPassword },
  smtpPassword: { ...TABLE.smtpPassword, schema: SENDABLE.smtpPassword },
  imapHost: { ...TABLE.imapHost, schema: SENDABLE.imapHost },
  smtpHost: { ...TABLE.smtpHost, schema: SENDABLE.smtpHost },
};

const schema = v.object(schemasOf(TABLE));

/** The checked arguments of a grant. */
export interface GrantArguments extends v.InferOutput<typeof schema> {
  /** The arguments as `check` returns them, without defaults. */
  declared: Values;
}

/** A password of a mailbox: the argument, its source, and the digest that the state holds instead of both. */
export interface Password {
  argument: "imapPassword" | "smtpPassword";
  source: "imapPasswordFrom" | "smtpPasswordFrom";
  digest: "imapPasswordDigest" | "smtpPasswordDigest";
}

export const IMAP_PASSWORD: Password = {
  argument: "imapPassword",
  source: "imapPasswordFrom",
  digest: "imapPasswordDigest",
};
export const SMTP_PASSWORD: Password = {
  argument: "smtpPassword",
  source: "smtpPasswordFrom",
  digest: "smtpPasswordDigest",
};
export const PASSWORDS: readonly Password[] = [IMAP_PASSWORD, SMTP_PASSWORD];

const GRANT_ARGUMENTS = Object.keys(TABLE);
/** The arguments that Pulumi stores, as inputs and as outputs: all but the passwords. */
const STORED_ARGUMENTS = GRANT_ARGUMENTS.filter((name) => !PASSWORDS.some(({ argument }) => argument === name));
export const GRANT_DEFAULTS: Values = v.getDefaults(schema);

export const AUTHENTICATED_ARGUMENTS = namesWhere(TABLE, ({ onChange }) => onChange === "authenticates");
export const RECORDED_ARGUMENTS = namesWhere(TABLE, ({ onChange }) => onChange === "recorded");
export const REPLACING_ARGUMENTS = namesWhere(TABLE, ({ onChange }) => onChange === "replaces");

/** Parses arguments that have passed `check`. */
export function readGrantArguments(values: Values): GrantArguments {
  const declared = pick(values, GRANT_ARGUMENTS);
  return { ...v.parse(schema, declared), declared };
}

/**
 * The arguments as the state holds them: digests in the place of passwords. After an authentication, the digests are of the
 * passwords that were `sent`: a source may have changed since `check`.
 */
export function storedArguments(
  values: Values,
  sent: { [Name in Password["argument"]]?: string | undefined } = {},
): Values {
  const digests = PASSWORDS.flatMap((names) => {
    const password = sent[names.argument] ?? values[names.argument];
    if (typeof password !== "string") return [];
    return [[names.digest, digestOf(names, password, values, asText(values[names.digest]))]];
  });
  return { ...pick(values, STORED_ARGUMENTS), ...Object.fromEntries(digests) };
}

/** Which passwords differ from those of the last authentication, as far as can be known without the old ones. */
export function changedPasswords(olds: Values, news: Values): Password[] {
  return PASSWORDS.filter(({ argument, digest }) => {
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

export function digestOf({ argument }: Password, password: string, values: Values, earlier?: string): string {
  return passwordDigest(password, saltSeed(argument, values), earlier);
}

/** What a password's salt is made of: the same in preview and update, and another one for each resource. */
export function saltSeed(argument: string, { owner, imapUsername }: Values): string[] {
  return [argument, String(owner ?? imapUsername)];
}
