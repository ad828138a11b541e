// This file is the same in provider/src/preflight and emulator/src/mail-client: a preflight and the emulator must judge a mail
// server alike, and two packages that are published apart share no code. test/provider/login-failure.test.ts compares them.

import type { ImapFlow } from "imapflow";

/** Why a mail server did not take a log-in. */
export type FailureCategory =
  | "credentials"
  | "account_disabled"
  | "busy"
  | "no_password_login"
  | "smtp_login_disabled"
  | "closed_after_login"
  | "no_inbox"
  | "unknown_host"
  | "refused"
  | "timeout"
  | "tls_mode"
  | "tls_too_weak"
  | "tls_certificate_untrusted"
  | "tls_certificate_expired"
  | "tls_certificate_name"
  | "closed"
  | "other";

/** How far a session has come: the password was sent in `login`, and accepted in `inbox`. */
export type Stage = "connect" | "login" | "inbox";

export interface LoginFailure {
  category: FailureCategory;
  /** The server refused the log-in without a code that says whether the password was wrong. */
  unexplained: boolean;
  /** What the server said, as it came: it may quote the credentials. In `other`, an error code if it said nothing. */
  words: string | undefined;
}

/** @see https://www.rfc-editor.org/rfc/rfc5530 */
const BY_IMAP_CODE: Readonly<Record<string, FailureCategory>> = {
  AUTHENTICATIONFAILED: "credentials",
  AUTHORIZATIONFAILED: "account_disabled",
  EXPIRED: "account_disabled",
  CONTACTADMIN: "account_disabled",
  LIMIT: "busy",
  INUSE: "busy",
  UNAVAILABLE: "busy",
  SERVERBUG: "busy",
  PRIVACYREQUIRED: "no_password_login",
};

/** Codes with which a server that has accepted the password cannot open INBOX at the moment. */
const BUSY_INBOX_CODES: readonly string[] = ["LIMIT", "INUSE", "UNAVAILABLE"];

/** @see https://www.rfc-editor.org/rfc/rfc4954, and RFC 5321 for 500 to 504 */
const BY_SMTP_CODE: Readonly<Record<number, FailureCategory>> = {
  500: "no_password_login",
  502: "no_password_login",
  503: "no_password_login",
  504: "no_password_login",
  525: "account_disabled",
  530: "no_password_login",
  534: "smtp_login_disabled",
  535: "credentials",
  538: "no_password_login",
};

/** Enhanced status codes, which say more than the three digits. */
const BY_ENHANCED_CODE: Readonly<Record<string, FailureCategory>> = {
  "5.2.1": "account_disabled",
  "5.7.8": "credentials",
  "5.7.9": "smtp_login_disabled",
  "5.7.13": "account_disabled",
  // Microsoft: SMTP AUTH is disabled for the mailbox or the tenant.
  "5.7.139": "smtp_login_disabled",
};

/** Error codes of Node's sockets and TLS and of the mail clients. Not message texts, which change between versions. */
const BY_CODE: Readonly<Record<string, FailureCategory>> = {
  ENOTFOUND: "unknown_host",
  EDNS: "unknown_host",
  EAI_AGAIN: "unknown_host",
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "refused",
  ENETUNREACH: "refused",
  CONNECT_TIMEOUT: "timeout",
  GREETING_TIMEOUT: "timeout",
  UPGRADE_TIMEOUT: "timeout",
  ETIMEDOUT: "timeout",
  ETIMEOUT: "timeout",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls_mode",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "tls_mode",
  ERR_SSL_RECORD_LAYER_FAILURE: "tls_mode",
  ERR_SSL_UNKNOWN_PROTOCOL: "tls_mode",
  ERR_SSL_HTTP_REQUEST: "tls_mode",
  ETLS: "tls_mode",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tls_too_weak",
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: "tls_too_weak",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "tls_too_weak",
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: "tls_too_weak",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "tls_too_weak",
  // The same alert, as OpenSSL 3.5 names it.
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE": "tls_too_weak",
  ERR_SSL_NO_CIPHERS_AVAILABLE: "tls_too_weak",
  ERR_SSL_NO_SHARED_CIPHER: "tls_too_weak",
  ERR_SSL_WRONG_CIPHER_RETURNED: "tls_too_weak",
  ERR_SSL_DH_KEY_TOO_SMALL: "tls_too_weak",
  ERR_SSL_EE_KEY_TOO_SMALL: "tls_too_weak",
  ERR_SSL_CA_KEY_TOO_SMALL: "tls_too_weak",
  ERR_SSL_CA_MD_TOO_WEAK: "tls_too_weak",
  ERR_SSL_WRONG_SIGNATURE_TYPE: "tls_too_weak",
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: "tls_too_weak",
  ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: "tls_too_weak",
  // Node's code for what OpenSSL's security level refuses in a certificate: a short key, or a weak digest.
  UNSPECIFIED: "tls_too_weak",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls_certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "tls_certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls_certificate_untrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "tls_certificate_untrusted",
  CERT_UNTRUSTED: "tls_certificate_untrusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls_certificate_untrusted",
  CERT_HAS_EXPIRED: "tls_certificate_expired",
  CERT_NOT_YET_VALID: "tls_certificate_expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "tls_certificate_name",
  ECONNRESET: "closed",
  EPIPE: "closed",
  ECONNECTION: "closed",
  NoConnection: "closed",
  EConnectionClosed: "closed",
  EPROTOCOL: "closed",
  ClosedAfterConnectText: "closed",
  ClosedAfterConnectTLS: "closed",
};

/** imapflow's codes for what was pending when a connection ended. They do not say why it ended. */
const CONNECTION_GONE: readonly string[] = ["NoConnection", "EConnectionClosed"];

/** What an IMAP session has shown besides the error that it rejects with. */
export interface ImapProgress {
  stage: Stage;
  /** The first error that imapflow emitted. It may be the cause of the one with which it rejects. */
  emitted: unknown;
  /** The response code of a BYE, which imapflow leaves out of its errors. */
  byeCode: string | undefined;
}

/** Follows a client that was made with `emitLogs`. */
export function watchImap(client: ImapFlow, onStage: (stage: Stage) => void = () => undefined): ImapProgress {
  const progress: ImapProgress = { stage: "connect", emitted: undefined, byeCode: undefined };
  const enter = (stage: Stage) => {
    progress.stage = stage;
    onStage(stage);
  };
  client.on("log", ({ src, msg }) => {
    if (src === "c" && /^\S+ (?:LOGIN|AUTHENTICATE) /.test(String(msg))) enter("login");
    if (src === "auth") enter("inbox");
    if (src === "s") progress.byeCode ??= /^\* BYE \[([A-Z]+)/.exec(String(msg))?.[1];
  });
  // imapflow rejects and also emits `error`; without a listener Node exits.
  client.on("error", (error: unknown) => {
    progress.emitted ??= error;
  });
  return progress;
}

export function imapFailure(error: unknown, { stage, emitted, byeCode }: ImapProgress): LoginFailure {
  const status = text(error, "responseStatus");
  const responseCode = text(error, "serverResponseCode") ?? "";
  const rejected = text(error, "code");
  const code = CONNECTION_GONE.includes(rejected ?? "") ? (text(emitted, "code") ?? rejected) : rejected;
  // imapflow keeps the text of a BYE in `reason`, as Node does for a refused certificate.
  const isGone = categoryOf(code) === "closed";
  const words =
    text(error, "responseText") ?? (isGone ? (text(error, "reason") ?? text(emitted, "reason")) : undefined);
  const explained = (category: FailureCategory): LoginFailure => ({ category, unexplained: false, words });
  if (status === "NO" || status === "BAD") {
    if (stage === "inbox") return explained(BUSY_INBOX_CODES.includes(responseCode) ? "busy" : "no_inbox");
    if (stage === "connect" || status === "BAD") return explained("other");
    const known = entry(BY_IMAP_CODE, responseCode);
    return { category: known ?? "credentials", unexplained: known === undefined, words };
  }
  const announced = entry(BY_IMAP_CODE, byeCode);
  if (announced !== undefined) return explained(announced);
  // imapflow does not send the password to a server that offers no way to log in with it.
  if (stage === "connect" && Reflect.get(Object(error), "authenticationFailed") === true) {
    return explained("no_password_login");
  }
  if (code === undefined && Reflect.get(Object(error), "tlsFailed") === true) return explained("tls_mode");
  const category = atStage(categoryOf(code), stage);
  return category === "other" ? { category, unexplained: false, words: words ?? code } : explained(category);
}

export function smtpFailure(error: unknown, stage: Stage): LoginFailure {
  const reply = Reflect.get(Object(error), "responseCode");
  const response = text(error, "response");
  const words = response?.replaceAll(/^\d{3}[ -]/gm, "");
  if (typeof reply !== "number" || text(error, "code") === "ETLS") {
    const code = text(error, "originalCode") ?? text(error, "code");
    const category = atStage(categoryOf(code), stage);
    return { category, unexplained: false, words: words ?? (category === "other" ? code : undefined) };
  }
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? "")?.[1];
  const byEnhanced = entry(BY_ENHANCED_CODE, enhanced);
  const known = byEnhanced ?? (reply < 500 ? "busy" : BY_SMTP_CODE[reply]);
  if (stage === "connect") return { category: reply < 500 ? "busy" : "closed", unexplained: false, words };
  // A 4xx promises nothing of the password: maddy answers a wrong one with 454.
  const unexplained = byEnhanced === undefined && (known === "credentials" || known === "busy");
  return { category: known ?? "other", unexplained, words };
}

function categoryOf(code: string | undefined): FailureCategory {
  return entry(BY_CODE, code) ?? "other";
}

/** A server may send any name, also one that every object has. */
function entry(
  table: Readonly<Record<string, FailureCategory>>,
  name: string | undefined,
): FailureCategory | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** A connection that ends once the server has the password is the server's answer to it. */
function atStage(category: FailureCategory, stage: Stage): FailureCategory {
  return category === "closed" && stage !== "connect" ? "closed_after_login" : category;
}

function text(error: unknown, name: string): string | undefined {
  const value: unknown = Reflect.get(Object(error), name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
