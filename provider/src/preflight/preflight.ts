import { CredentialsError, MailServerError } from "../errors.js";
import type { Notices } from "../notices.js";
import type { MailboxCredentials } from "../nylas/grants.js";
import { adviceForPassword } from "../provider-advice.js";
import type { Login } from "./imap.js";
import {
  DOUBTS,
  EXPLANATIONS,
  mayBeWrongPassword,
  REFUSED_OTHERWISE,
  UNREACHED_FROM_HERE,
  type Verdict,
} from "./verdict.js";

/**
 * Logs in to the mailbox's IMAP server from this machine, and then to its SMTP server, before any request to Nylas. `enforce`
 * throws on failure. `warn` shows a notice and continues, because a CI runner often cannot reach a mail server that Nylas can;
 * but it throws if the mailbox's password may be wrong: Nylas would send it once more, and mail servers lock mailboxes.
 */
export async function preflight(
  mailbox: MailboxCredentials,
  mode: "off" | "warn" | "enforce",
  { notify }: Notices,
): Promise<void> {
  if (mode === "off") return;
  const verdicts = await logIns(mailbox);
  const failed = verdicts.filter(({ category }) => category !== "ok");
  if (failed.length === 0) return;
  const answer = failed.map(describe).join("; ");
  if (mode === "enforce" || wouldNylasSendItAgain(mailbox, verdicts)) throw preflightError(mailbox, failed, answer);
  notify(`preflight of ${mailbox.imapUsername}: ${answer}; ${remedyFor(failed)}`);
}

/** One after the other: a password that may be wrong is sent once. */
async function logIns(mailbox: MailboxCredentials): Promise<Verdict[]> {
  // Import on demand: most runs have no preflight, and the mail clients take longer to load than everything else.
  const [{ tryImap }, { trySmtp }] = await Promise.all([import("./imap.js"), import("./smtp.js")]);
  const imap = imapLogin(mailbox);
  const first: Verdict = { server: "IMAP", at: `${imap.host}:${imap.port}`, ...(await tryImap(imap)) };
  const smtp = smtpLogin(mailbox);
  if (smtp === undefined) return [first];
  if (mayBeWrongPassword(first) && smtp.password === imap.password) return [first];
  return [first, { server: "SMTP", at: `${smtp.host}:${smtp.port}`, ...(await trySmtp(smtp)) }];
}

function imapLogin({ imapHost, imapPort, imapUsername, imapPassword }: MailboxCredentials): Login {
  return { host: imapHost, port: imapPort, username: imapUsername, password: imapPassword };
}

function smtpLogin(mailbox: MailboxCredentials): Login | undefined {
  const { smtpHost, smtpPort, smtpUsername, smtpPassword, imapUsername, imapPassword } = mailbox;
  if (smtpHost === undefined || smtpPort === undefined) return undefined;
  return {
    host: smtpHost,
    port: smtpPort,
    username: smtpUsername ?? imapUsername,
    password: smtpPassword ?? imapPassword,
  };
}

/** Nylas logs in to IMAP when it authenticates, and to SMTP only when it sends. */
function wouldNylasSendItAgain(mailbox: MailboxCredentials, verdicts: readonly Verdict[]): boolean {
  const [imap, smtp] = verdicts;
  // In this stage, IMAP has accepted the password.
  if (imap === undefined || imap.stage === "inbox") return false;
  if (mayBeWrongPassword(imap)) return true;
  return smtp !== undefined && mayBeWrongPassword(smtp) && smtpLogin(mailbox)?.password === mailbox.imapPassword;
}

/** Explains a category only after its last server, because a notice is too short to repeat the explanation. */
function describe(verdict: Verdict, position: number, verdicts: readonly Verdict[]): string {
  const { server, at, category, words } = verdict;
  if (category === "ok") return `${server} at ${at}: ok`;
  const said = words === undefined ? "" : ` ("${words}")`;
  const isRepeated = verdicts.slice(position + 1).some((later) => later.category === category);
  if (isRepeated) return `${server} at ${at}: ${category}${said}`;
  const isUnexplained = verdicts.some((each) => each.category === category && each.unexplained);
  const doubt = isUnexplained ? DOUBTS[category] : undefined;
  return `${server} at ${at}: ${category}${said}, ${EXPLANATIONS[category].meaning}${doubt === undefined ? "" : `; ${doubt}`}`;
}

/** What to do about each failure, in the order of the log-ins. */
function remedyFor(failed: readonly Verdict[]): string {
  const remedies = failed.flatMap(({ category }) => (category === "ok" ? [] : [EXPLANATIONS[category].remedy]));
  return [...new Set(remedies)].join("; ");
}

function preflightError(
  mailbox: MailboxCredentials,
  failed: readonly Verdict[],
  answer: string,
): CredentialsError | MailServerError {
  const facts = {
    operation: `Preflight of mailbox ${mailbox.imapUsername}`,
    answer: `${answer}. Nylas was not asked`,
  };
  const remedy = remedyFor(failed);
  if (failed.some(({ category }) => category === "credentials")) {
    const hint = adviceForPassword(mailbox.imapPassword) ?? adviceForPassword(mailbox.smtpPassword ?? "");
    return new CredentialsError({
      ...facts,
      code: "invalid_credentials",
      remedy:
        `${remedy}${hint === undefined ? "" : `; ${hint}`}. A password that a server refused is not sent again in this run, ` +
        'not even with preflight: "warn"',
    });
  }
  const refused = failed.some(({ category }) => REFUSED_OTHERWISE.includes(category));
  return new MailServerError({
    ...facts,
    code: refused ? "mail_server_refused" : "provider_not_responding",
    remedy: remedy + wayAround(failed),
  });
}

/** The setting with which the run goes on without a correction, where one may help. */
function wayAround(failed: readonly Verdict[]): string {
  if (failed.some((verdict) => verdict.category === "other" || mayBeWrongPassword(verdict))) {
    return '; preflight: "off" leaves the login to Nylas alone';
  }
  if (!failed.every(({ category }) => UNREACHED_FROM_HERE.includes(category))) return "";
  return '; preflight: "warn" goes on where Nylas reaches the mail server and this machine does not';
}
