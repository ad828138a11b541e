import type { FailureCategory } from "./login-failure.js";

/** The outcome of a log-in to a mail server. Contains no text of the server, which may quote the credentials. */
export type Verdict = "accepted" | FailureCategory;

/** Why a server that did not refuse the credentials could not be used. */
type FailureReason = Exclude<FailureCategory, "credentials">;

const NO_RESPONSE = "did not respond, or not over TLS";

/** How an error message of the API continues "The mail server ". */
export const REASON: Readonly<Record<FailureReason, string>> = {
  account_disabled:
    "refused the login for another reason than the password: the account is disabled, locked or expired",
  busy: "refused the login for another reason than the password: it is busy, or has too many connections open",
  no_password_login: "offers no login with a password",
  smtp_login_disabled: "wants an app password, or SMTP AUTH is disabled for the account",
  closed_after_login: "closed the connection when it had the password",
  no_inbox: "accepted the password, but has no INBOX that can be opened",
  unknown_host: NO_RESPONSE,
  refused: NO_RESPONSE,
  timeout: NO_RESPONSE,
  tls_mode: NO_RESPONSE,
  tls_too_weak: "offers no TLS version, key or cipher that is strong enough",
  tls_certificate_untrusted: "shows a certificate that is not trusted",
  tls_certificate_expired: "shows a certificate that has expired",
  tls_certificate_name: "shows a certificate for another host",
  closed: NO_RESPONSE,
  other: NO_RESPONSE,
};
