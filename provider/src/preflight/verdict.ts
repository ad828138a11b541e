/** The result of a login at one of a mailbox's two servers. */
export interface Verdict {
  server: "IMAP" | "SMTP";
  /** `host:port`. */
  at: string;
  category: Category;
}

export type Category =
  | "ok"
  | "credentials"
  | "unknown_host"
  | "refused"
  | "timeout"
  | "tls_mode"
  | "tls_certificate_untrusted"
  | "tls_certificate_expired"
  | "tls_certificate_name"
  | "closed"
  | "other";

/** The meaning of each category, and its remedy. */
export const MEANING: Record<Exclude<Category, "ok">, string> = {
  credentials: "the server refused the login; check user name and password (many providers want an app password)",
  unknown_host: "the host name is not known; check its spelling",
  refused: "nothing listens there; check host and port",
  timeout:
    "no answer in time; check host and port, and whether the port wants TLS from the start (993, 465) or STARTTLS (143, 587)",
  tls_mode: "the server offers neither TLS nor STARTTLS there, and Nylas refuses plain text; check the port",
  tls_certificate_untrusted:
    "the certificate's authority is not known here; have the server send its intermediate certificates, or set " +
    "NODE_EXTRA_CA_CERTS to your authority's PEM file where `pulumi` runs (Nylas does not read that file)",
  tls_certificate_expired:
    "the certificate has expired or is not valid yet; renew it on the server, and check this machine's clock",
  tls_certificate_name:
    "the certificate is for another host; set the host to one of the certificate's names, or install a certificate for this host on the server",
  closed:
    "the server closed the connection; check that the port speaks this protocol and that the server accepts connections from here",
  other: 'the login failed for an unknown reason; try again, or set preflight: "off"',
};

/** Error codes of Node's sockets and TLS and of the mail clients. Not message texts, which change between versions. */
const BY_CODE: Record<string, Category> = {
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

export function categoryOf(code: string | undefined): Category {
  return (code === undefined ? undefined : BY_CODE[code]) ?? "other";
}

/** A property of a thrown value, if it is a string. */
export function field(error: unknown, name: string): string | undefined {
  const value = typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === "string" ? value : undefined;
}
