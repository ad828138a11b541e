import tls from "node:tls";

/** What a connection to a mail server trusts: the usual authorities and those given with `--ca` or by `--mail`. */
export interface Trust {
  secureContext?: tls.SecureContext;
}

/** One context for all connections: reading some 150 root certificates for each login would cost more than the login. */
export function trustAlso(authorities: readonly string[]): Trust {
  if (authorities.length === 0) return {};
  return { secureContext: tls.createSecureContext({ ca: [...defaultAuthorities(), ...authorities] }) };
}

/** Node < 22.15 cannot name the ones of NODE_EXTRA_CA_CERTS. */
function defaultAuthorities(): readonly string[] {
  return "getCACertificates" in tls ? tls.getCACertificates("default") : rootCertificates();
}

function rootCertificates(): readonly string[] {
  return tls.rootCertificates;
}
