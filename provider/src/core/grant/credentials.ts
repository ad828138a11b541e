import * as v from "valibot";
import { InvalidInputError } from "../../errors.js";
import type { Host } from "../../host.js";
import type { MailboxCredentials } from "../../nylas/grants.js";
import { keptPassword } from "./password-digest.js";
import { readPassword } from "./passwords.js";
import { type GrantArguments, IMAP_PASSWORD, type Password, SENDABLE, SMTP_PASSWORD } from "./properties.js";

/** What to say of a password that `ignoreChanges` hides. */
export function absentSecretReason({ wording }: Host): string {
  return `is ${wording.absentSecret}, and the state has only a digest of it`;
}
export const UNHIDE = "give the real one in the program, and take it out of ignoreChanges";

/** An authentication that is about to be sent. */
interface Purpose {
  host: Host;
  args: GrantArguments;
  /** Why it has to be sent: completes "the mailbox has to be authenticated, because …". */
  because: string;
}

/** What Nylas logs in with. Reads passwords from their sources; throws if one is absent, or if anything must not be sent. */
export function credentials(args: GrantArguments, host: Host, because: string): MailboxCredentials {
  const purpose = { host, args, because };
  const mailbox = declaredCredentials(purpose);
  for (const [name, sendable] of Object.entries<v.GenericSchema>(SENDABLE)) {
    const result = v.safeParse(sendable, mailbox[name as keyof typeof SENDABLE]);
    if (!result.success) throw notSendable(purpose, `${name} ${result.issues[0].message}`);
  }
  return mailbox;
}

function declaredCredentials(purpose: Purpose): MailboxCredentials {
  const { args } = purpose;
  const { imapUsername, imapHost, imapPort } = args;
  const imapPassword = passwordOf(purpose, IMAP_PASSWORD);
  if (imapPassword === undefined) throw notSendable(purpose, "neither imapPassword nor imapPasswordFrom is set");
  if (args.receiveOnly) return { imapUsername, imapPassword, imapHost, imapPort };
  const { smtpHost, smtpPort, smtpUsername } = args;
  const smtpPassword = passwordOf(purpose, SMTP_PASSWORD);
  return { imapUsername, imapPassword, imapHost, imapPort, smtpHost, smtpPort, smtpUsername, smtpPassword };
}

function passwordOf(purpose: Purpose, { argument, source, digest }: Password): string | undefined {
  const { host, args } = purpose;
  const [value, from, stored] = [args[argument], args[source], args[digest]];
  if (value !== undefined) return value;
  if (from === undefined) {
    const kept = stored === undefined ? undefined : keptPassword(stored);
    if (kept !== undefined || stored === undefined) return kept;
    throw notSendable(purpose, `${argument} ${absentSecretReason(host)}`, UNHIDE);
  }
  const reading = readPassword(from, host);
  if (!("value" in reading))
    throw notSendable(purpose, `${source}: ${"absent" in reading ? reading.absent : reading.invalid}`);
  if (reading.problem !== undefined) throw notSendable(purpose, `${source}: ${reading.problem}`);
  return reading.value;
}

function notSendable({ args, because }: Purpose, answer: string, way?: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Authenticating mailbox ${args.imapUsername}`,
    answer: `${answer}; nothing was sent`,
    remedy: `${way ?? "provide it where `pulumi up` runs"}: the mailbox has to be authenticated, because ${because}`,
  });
}
