/** The proxy answered instead of Nylas: nothing was forwarded. */
export class ProxyRefusal extends Error {
  readonly code = "PROXY_REFUSED";

  constructor(readonly status: number) {
    super(`the proxy answered ${status}`);
  }
}

/** The status of a proxy that wants credentials, or other ones. */
export const PROXY_AUTHENTICATION_REQUIRED = 407;
