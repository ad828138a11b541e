import type { MiddlewareHandler } from "hono";
import type { Env } from "../http/context.js";
import { localNames, nameOf } from "../http/local-names.js";
import { ForeignSiteError } from "./control-error.js";

/**
 * Keeps other web sites away from the control interface: it refuses requests that come from another origin, and ones
 * with a host name that somebody else's name server may have pointed here (DNS rebinding). Clients other than browsers
 * send neither an Origin nor a foreign Host.
 */
export function refuseForeignSites(boundTo: string): MiddlewareHandler<Env> {
  const isLocal = localNames(boundTo);
  return async ({ req }, next) => {
    const host = (req.header("host") ?? "").toLowerCase();
    if (!isLocal(nameOf(host))) {
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
