import tls from "node:tls";

/** The CA certificates for connections to mail servers: the default ones and those of `--ca` and `--mail`. */
export interface Trust {
  secureContext?: tls.SecureContext;
}

/** One context for all connections: parsing about 150 root certificates takes longer than a log-in. */
export function trustAlso(authorities: readonly string[]): Trust {
  if (authorities.length === 0) return {};
  return { secureContext: tls.createSecureContext({ ca: [...defaultAuthorities(), ...authorities] }) };
}

/** Node before 22.15 has no API for the certificates of NODE_EXTRA_CA_CERTS. */
function defaultAuthorities(): readonly string[] {
  return "getCACertificates" in tls ? tls.getCACertificates("default") : rootCertificates();
}

function rootCertificates(): readonly string[] {
  return tls.rootCertificates;
}
