/**
 * The entry that every Pulumi state refers to: `require("pulumi-nylas-imap/provider").ByoImapGrant(this, request)`.
 * Never change this path and the two names: states of every released version load them.
 */
import type * as pulumi from "@pulumi/pulumi";
import { connectorLifecycle } from "../../core/connector/lifecycle.js";
import { grantLifecycle } from "../../core/grant/lifecycle.js";
import type { RecordLifecycle } from "../../core/lifecycle.js";
import { nodeProcess } from "../node-process.js";
import { preparePluginProcess } from "../plugin-process.js";
import { providerMethods, silenceShownErrors } from "./adapter.js";

/** Pulumi saves the configuration at each `up`, and also at one that sends no request. */
const SAVED_SETTINGS =
  "If the configuration is right by now: plain `refresh`, `destroy` and `up --refresh` use the one that was saved at the last `up`, so " +
  "add `--run-program`, or run plain `pulumi up` first, which saves the new one";

/** Adds the provider methods for connectors to `target`. */
export function ImapConnector(target: object, request: pulumi.dynamic.ConfigureRequest): void {
  install(target, connectorLifecycle, request);
}

/** Adds the provider methods for grants to `target`. */
export function ByoImapGrant(target: object, request: pulumi.dynamic.ConfigureRequest): void {
  install(target, grantLifecycle, request);
}

/** Must be synchronous: Pulumi awaits `configure` in the first call only, and concurrent calls already need the methods. */
function install(target: object, lifecycle: RecordLifecycle, request: pulumi.dynamic.ConfigureRequest): void {
  prepareProcess();
  const host = nodeProcess((key) => request.config.get(key));
  const wording = { ...host.wording, staleSettings: SAVED_SETTINGS };
  Object.assign(target, providerMethods(lifecycle, { ...host, wording }));
}

let prepared = false;

function prepareProcess(): void {
  if (prepared) return;
  prepared = true;
  preparePluginProcess();
  silenceShownErrors();
}
