/** The outcome of a log-in to a mail server. Contains no text of the server, which may quote the credentials. */
export type Verdict = "accepted" | "refused" | "unreachable" | "tls-mode";

/** OpenSSL's error codes for a server that does not answer the TLS handshake with TLS. */
export const NOT_TLS: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_RECORD_LAYER_FAILURE",
  "ERR_SSL_UNKNOWN_PROTOCOL",
  "ERR_SSL_HTTP_REQUEST",
]);

/** Reads error fields and never messages: Node and the mail libraries change their wording. */
export function imapVerdict(error: unknown): Exclude<Verdict, "accepted"> {
  if (field(error, "authenticationFailed") === true && field(error, "responseStatus") === "NO") return "refused";
  return isTlsModeMismatch(error) ? "tls-mode" : "unreachable";
}

export function smtpVerdict(error: unknown): Exclude<Verdict, "accepted"> {
  if (field(error, "code") === "EAUTH" && field(error, "responseCode") === 535) return "refused";
  return isTlsModeMismatch(error) ? "tls-mode" : "unreachable";
}

export function field(error: unknown, name: string): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  return Reflect.get(error, name);
}

function isTlsModeMismatch(error: unknown): boolean {
  return ["code", "originalCode"].some((name) => {
    const code = field(error, name);
    return typeof code === "string" && NOT_TLS.has(code);
  });
}
