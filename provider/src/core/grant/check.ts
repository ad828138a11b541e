import * as v from "valibot";
import type { Host } from "../../host.js";
import { adviceForServer } from "../../provider-advice.js";
import { DEFAULT_APPLICATION } from "../../settings.js";
import {
  applicationName,
  type CheckFailure,
  isUnknown,
  missing,
  NO_VALUE,
  UNKNOWN,
  validate,
} from "../properties/validate.js";
import { changed, pick, type Values } from "../properties/values.js";
import { absentSecretReason, UNHIDE } from "./credentials.js";
import { keepPassword } from "./password-digest.js";
import { passwordSource, readPassword } from "./passwords.js";
import {
  AUTHENTICATED_ARGUMENTS,
  changedPasswords,
  digestOf,
  GRANT_DEFAULTS,
  mayBeSameMailbox,
  PASSWORDS,
  type Password,
  saltSeed,
  TABLE,
  TABLE_TO_SEND,
} from "./properties.js";

/** IMAP over TLS. */
const DEFAULT_IMAP_PORT = 993;
/** Submission over TLS. */
const DEFAULT_SMTP_PORT = 465;

/**
 * Fills in the default ports, puts digests in the place of passwords, and validates the arguments. A value that is not known yet
 * passes.
 */
export function checkGrantArguments(
  host: Host,
  news: Values,
  olds: Values = {},
): { inputs: Values; failures: CheckFailure[] } {
  const inputs = withPorts(news);
  const passwords = PASSWORDS.map((names) => checkPassword(host, names, inputs, olds));
  const checked: Values = { ...inputs, ...Object.assign({}, ...passwords.map(({ stored }) => stored)) };
  const sends = asksForAuthentication(olds, checked);
  if (inputs.imapHost !== olds.imapHost) adviseOnce(host, inputs.imapHost);
  return {
    inputs: checked,
    failures: [
      ...validate(sends ? TABLE_TO_SEND : TABLE, inputs),
      ...(sends ? passwords.flatMap(({ problems = [] }) => problems) : []),
      ...passwords.flatMap(({ failures }) => failures),
      ...smtpFailures(inputs),
      ...upgradeFailures(inputs, olds),
    ],
  };
}

function withPorts(values: Values): Values {
  const given = pick(values, Object.keys(values));
  const smtp = given.smtpHost === undefined ? {} : { smtpPort: DEFAULT_SMTP_PORT };
  return { imapPort: DEFAULT_IMAP_PORT, ...smtp, ...given };
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
        problems: [missing(argument, `${absentSecretReason(host)}; ${UNHIDE}: this change authenticates the mailbox`)],
      };
    }
    if (argument === "smtpPassword") return storing(undefined);
    return storing(undefined, missing(argument, `or imapPasswordFrom ${NO_VALUE}`));
  }
  if (isUnknown(source) || (typeof source === "object" && Object.values(source ?? {}).some(isUnknown)))
    return storing(UNKNOWN);
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
 * Whether `ignoreChanges` hides this password: the engine puts the value of the old inputs in its place, and those have no password.
 * Its digest is still there, because each host sends one for every password that the program or the state has.
 */
function isHidden({ argument, source, digest }: Password, inputs: Values): boolean {
  return (inputs[argument] ?? inputs[source] ?? undefined) === undefined && inputs[digest] !== undefined;
}

/** The digest in the old inputs. Those of version 0.1.0 and of an import have a text instead. */
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
  return mayBeSameMailbox(olds, imapUsername) && application(olds) === application(inputs);
}

/**
 * Whether these inputs authenticate the mailbox, as far as can be seen without its outputs. An import checks the inputs of its file,
 * which may have no ports, against themselves.
 */
function asksForAuthentication(olds: Values, inputs: Values): boolean {
  if (!keepsGrant(inputs, olds)) return true;
  return (
    changed(withPorts(olds), inputs, AUTHENTICATED_ARGUMENTS, GRANT_DEFAULTS).length > 0 ||
    changedPasswords(olds, inputs).length > 0
  );
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
  // Anything else may be a secret in the wrong place, and is refused without being shown.
  if (application === DEFAULT_APPLICATION || !v.is(applicationName, application)) return [];
  const reason =
    `is "${application}", but version 0.1.0 made this grant in "${DEFAULT_APPLICATION}", and another application means another grant id. ` +
    'Pass connector: "imap" and no application to keep the grant where it is. To move it, do that first, run `up`, and then set the application';
  return [{ property: "application", reason: `application ${reason}` }];
}
