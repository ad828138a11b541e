import * as pulumi from "@pulumi/pulumi";
import { runFor } from "../../core/session.js";
import type { Host } from "../../host.js";
import { nodeProcess } from "../../hosts/node-process.js";
import type { NylasClient } from "../../nylas/client.js";
import { DEFAULT_APPLICATION, readSettings } from "../../settings.js";
import { checkConfiguration } from "../identity.js";
import type { LookupOptions } from "./lookup-options.js";

/** The process of the program. */
export function programHost(): Host {
  return nodeProcess((key) => pulumi.runtime.getConfig(key));
}

/** The program's client for an application, shared within the process. Throws if the configured key is not a secret. */
export function clientOf(opts: LookupOptions): NylasClient {
  const application = opts.application ?? DEFAULT_APPLICATION;
  checkConfiguration(application);
  const host = programHost();
  return runFor(readSettings(application, host.config, host.settingsEnv), host).client;
}
