import { cleaned } from "../redact.js";
import type { FailureCategory, LoginFailure, Stage } from "./login-failure.js";

/** The result of a log-in at one of a mailbox's two servers. */
export interface Verdict extends Outcome {
  server: "IMAP" | "SMTP";
  /** `host:port`. */
  at: string;
}

/** What an attempt to log in came to. */
export interface Outcome {
  category: Category;
  /** How far the session came. */
  stage: Stage;
  /** The server refused the log-in without a code that says whether the password was wrong. */
  unexplained?: boolean;
  /** What the server said, cleaned. */
  words?: string;
}

export type Category = "ok" | FailureCategory;

/** Longest text of a mail server that a message quotes, in characters. */
const MAX_WORDS_LENGTH = 120;

/** Outcomes after which a password that was sent may still be a wrong one. */
const INCONCLUSIVE: readonly Category[] = ["closed_after_login", "timeout", "other"];

/** What else a refusal without a reason may mean. */
const OTHER_REASONS =
  "a server that gives no reason may also mean that too many connections are open, that the account is disabled, or that it " +
  "cannot open the mailbox";

/** What is added to the meaning of a category that a server has left unexplained. */
export const DOUBTS: Partial<Record<Category, string>> = {
  credentials: OTHER_REASONS,
  busy: "some servers answer a wrong password like that, so check it first",
};

/** What each category means, and what to do about it. */
export const EXPLANATIONS: Record<FailureCategory, { meaning: string; remedy: string }> = {
  credentials: {
    meaning: "the server refused the login",
    remedy: "check user name and password (many providers want an app password)",
  },
  account_disabled: {
    meaning: "the account is disabled, locked or expired; the password may be right",
    remedy: "have the mail server's administrator unlock or renew the account",
  },
  busy: {
    meaning: "the server is busy or has too many connections of this mailbox open; the password may be right",
    remedy: "run again later",
  },
  no_password_login: {
    meaning: "the server offers no login with a password here",
    remedy: "check the port, or have password logins (AUTH PLAIN or LOGIN) enabled on the server",
  },
  smtp_login_disabled: {
    meaning: "the server wants an app password, or SMTP AUTH is disabled for this account",
    remedy: "create an app password, or have the account's administrator enable SMTP AUTH",
  },
  closed_after_login: {
    meaning: "the server closed the connection when it had the password",
    remedy: "check that IMAP or SMTP is enabled for the account, and its mail directory on the server",
  },
  no_inbox: {
    meaning: "the password is right, but the mailbox has no INBOX that can be opened",
    remedy: "have the mail server's administrator create or repair INBOX",
  },
  unknown_host: { meaning: "the host name is not known", remedy: "check the spelling of the host" },
  refused: { meaning: "nothing listens there", remedy: "check host and port" },
  timeout: {
    meaning: "no answer in time",
    remedy: "check host and port, and whether the port wants TLS from the start (993, 465) or STARTTLS (143, 587)",
  },
  tls_mode: {
    meaning: "the server offers neither TLS nor STARTTLS there, and Nylas refuses plain text",
    remedy: "check the port",
  },
  tls_too_weak: {
    meaning: "the server's TLS version, key or cipher is too weak",
    remedy:
      "have the server offer TLS 1.2 or later, with a certificate of at least 2048 bits (RSA) or 256 bits (ECDSA)",
  },
  tls_certificate_untrusted: {
    meaning: "the certificate's authority is not known here",
    remedy:
      "have the server send its intermediate certificates, or set NODE_EXTRA_CA_CERTS to your authority's PEM file where " +
      "`pulumi` runs (Nylas does not read that file)",
  },
  tls_certificate_expired: {
    meaning: "the certificate has expired or is not valid yet",
    remedy: "renew the certificate on the server, and check this machine's clock",
  },
  tls_certificate_name: {
    meaning: "the certificate is for another host",
    remedy: "set the host to one of the certificate's names, or install a certificate for this host on the server",
  },
  closed: {
    meaning: "the server closed the connection",
    // mox and Courier give no code for too many connections either.
    remedy:
      "check that the port speaks this protocol and that the server accepts connections from here, or run again later if it " +
      "has too many",
  },
  other: { meaning: "the login failed for an unknown reason", remedy: "try again" },
};

/** Categories that say only that this machine does not reach the server: Nylas may. */
export const UNREACHED_FROM_HERE: readonly Category[] = ["unknown_host", "refused", "timeout", "closed"];

/** Categories in which a server that was reached refuses for another reason than the password. */
export const REFUSED_OTHERWISE: readonly Category[] = [
  "account_disabled",
  "busy",
  "no_password_login",
  "smtp_login_disabled",
  "closed_after_login",
  "no_inbox",
];

/** `secrets` are masked in what the server said. */
export function outcomeOf(
  { category, unexplained, words }: LoginFailure,
  stage: Stage,
  secrets: readonly string[],
): Outcome {
  const said = words === undefined ? "" : cleaned(words, MAX_WORDS_LENGTH, secrets);
  return { category, stage, unexplained, ...(said === "" ? {} : { words: said }) };
}

/** Whether the server may count this as a log-in with a wrong password. */
export function mayBeWrongPassword({ category, stage, unexplained }: Outcome): boolean {
  if (category === "credentials" || unexplained === true) return true;
  return stage === "login" && INCONCLUSIVE.includes(category);
}
