import { isIP } from "node:net";
import type { MiddlewareHandler } from "hono";
import type { Env } from "../http/context.js";
import { ForeignSiteError } from "./control-error.js";

/** Addresses that mean every interface of the machine. */
const ANY_ADDRESS = ["0.0.0.0", "::"];
/** Top-level domains that no public name server answers: of containers, clusters and local networks. */
const PRIVATE_DOMAINS = [".internal", ".local"];

/**
 * Keeps other web sites away from the control interface: it refuses requests that come from another origin, and ones
 * with a host name that somebody else's name server may have pointed here (DNS rebinding). Clients other than browsers
 * send neither an Origin nor a foreign Host.
 */
export function refuseForeignSites(boundTo: string): MiddlewareHandler<Env> {
  const isOwnHost = ANY_ADDRESS.includes(boundTo) ? isPrivate : (name: string) => name === boundTo.toLowerCase();
  return async ({ req }, next) => {
    const host = (req.header("host") ?? "").toLowerCase();
    const name = nameOf(host);
    if (!isLoopback(name) && !isOwnHost(name)) {
      throw new ForeignSiteError(
        "The emulator is not called by this host name: use localhost, or the address it binds.",
      );
    }
    const origin = req.header("origin");
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new ForeignSiteError("The control interface is closed to other origins.");
    }
    if (req.header("sec-fetch-site") === "cross-site") {
      throw new ForeignSiteError("The control interface is closed to other web sites: enter its address yourself.");
    }
    await next();
  };
}

/** The name or address in a Host header, without the brackets of IPv6; empty if there is none. */
function nameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, "$1") : "";
}

function isLoopback(name: string): boolean {
  const isName = name === "localhost" || name.endsWith(".localhost");
  return isName || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** Addresses, which need no name server, and names that no public one answers, such as those of containers. */
function isPrivate(name: string): boolean {
  if (name === "") return false;
  return isIP(name) !== 0 || !name.includes(".") || PRIVATE_DOMAINS.some((domain) => name.endsWith(domain));
}
