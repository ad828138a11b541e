/**
 * The entry that every Pulumi state refers to: `require("pulumi-nylas-imap/provider").ByoImapGrant(this, request)`.
 * This path and these two names are frozen; state written by any released version loads them.
 */
import type * as pulumi from "@pulumi/pulumi";
import { connectorLifecycle } from "./lifecycle/connector.js";
import { grantLifecycle } from "./lifecycle/grant.js";
import type { Lifecycle } from "./lifecycle/lifecycle.js";
import { providerMethods } from "./lifecycle/shell.js";

/** Makes `target` the provider of connectors. */
export function ImapConnector(target: object, request: pulumi.dynamic.ConfigureRequest): void {
  install(target, connectorLifecycle, request);
}

/** Makes `target` the provider of grants. */
export function ByoImapGrant(target: object, request: pulumi.dynamic.ConfigureRequest): void {
  install(target, grantLifecycle, request);
}

/**
 * Synchronous on purpose: Pulumi waits for `configure` in the first call only, and a call that comes meanwhile must find
 * the methods in place.
 */
function install(target: object, lifecycle: Lifecycle, request: pulumi.dynamic.ConfigureRequest): void {
  survivePipes();
  Object.assign(
    target,
    providerMethods(lifecycle, (key) => request.config.get(key)),
  );
}

let surviving = false;

/**
 * A killed engine leaves this process behind with nobody at the other end of its output. Unheard, the failure of a notice
 * becomes an exception that Pulumi's host prints, which fails again, and so on without end; the requests under way starve.
 */
function survivePipes(): void {
  if (surviving) return;
  surviving = true;
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
