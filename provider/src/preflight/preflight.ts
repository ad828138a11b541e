import { CredentialsError, MailServerError, type NylasError } from "../errors.js";
import { notify } from "../notify.js";
import type { MailboxCredentials } from "../nylas/grants.js";
import { MEANING, type Verdict } from "./verdict.js";

/**
 * Logs in to the mailbox's IMAP and SMTP servers from this machine, in parallel, before any request to Nylas. `enforce` throws
 * on failure. `warn` shows a notice and continues, because a CI runner often cannot reach a mail server that Nylas can.
 */
export async function preflight(mailbox: MailboxCredentials, mode: "off" | "warn" | "enforce"): Promise<void> {
  if (mode === "off") return;
  const failed = (await logins(mailbox)).filter((verdict) => verdict.category !== "ok");
  if (failed.length === 0) return;
  const answer = failed.map(describe).join("; ");
  if (mode === "enforce") throw preflightError(mailbox, failed, answer);
  notify(`preflight of ${mailbox.imapUsername}: ${answer}`);
}

async function logins(mailbox: MailboxCredentials): Promise<Verdict[]> {
  // Import on demand: most runs have no preflight, and the mail clients take longer to load than everything else.
  const [{ tryImap }, { trySmtp }] = await Promise.all([import("./imap.js"), import("./smtp.js")]);
  const { imapUsername, imapPassword, imapHost, imapPort, smtpHost, smtpPort } = mailbox;
  const imap = { host: imapHost, port: imapPort, username: imapUsername, password: imapPassword };
  const verdicts = [
    tryImap(imap).then((category): Verdict => ({ server: "IMAP", at: `${imapHost}:${imapPort}`, category })),
  ];
  if (smtpHost !== undefined && smtpPort !== undefined) {
    const username = mailbox.smtpUsername ?? imapUsername;
    const smtp = { host: smtpHost, port: smtpPort, username, password: mailbox.smtpPassword ?? imapPassword };
    verdicts.push(
      trySmtp(smtp).then((category): Verdict => ({ server: "SMTP", at: `${smtpHost}:${smtpPort}`, category })),
    );
  }
  return Promise.all(verdicts);
}

/** Explains a category only after its last server, because a notice is too short to repeat the explanation. */
function describe({ server, at, category }: Verdict, position: number, verdicts: readonly Verdict[]): string {
  const isRepeated = verdicts.slice(position + 1).some((later) => later.category === category);
  return `${server} at ${at}: ${category}${category === "ok" || isRepeated ? "" : `, ${MEANING[category]}`}`;
}

function preflightError(mailbox: MailboxCredentials, failed: readonly Verdict[], answer: string): NylasError {
  const facts = {
    operation: `Preflight of mailbox ${mailbox.imapUsername}`,
    answer: `${answer}. Nylas was not asked`,
    remedy: 'correct what is named above, or set preflight: "warn" where this machine cannot reach the mail server',
  };
  return failed.every((verdict) => verdict.category === "credentials")
    ? new CredentialsError({ ...facts, code: "invalid_credentials" })
    : new MailServerError({ ...facts, code: "provider_not_responding" });
}
