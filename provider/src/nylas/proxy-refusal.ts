/** The proxy refused the connection; nothing was sent to Nylas. */
export class ProxyRefusal extends Error {
  readonly code = "PROXY_REFUSED";

  constructor(readonly status: number) {
    super(`the proxy answered ${status}`);
  }
}

/** HTTP status of a proxy that requires credentials, or refuses the given ones. */
export const PROXY_AUTHENTICATION_REQUIRED = 407;
