import * as pulumi from "@pulumi/pulumi";
import { runFor } from "../../core/session.js";
import type { NylasClient } from "../../nylas/client.js";
import { DEFAULT_APPLICATION, readSettings } from "../../settings.js";
import { refusePlainKey } from "../identity.js";
import type { LookupOptions } from "./lookup-options.js";

/** The program's client for an application, shared within the process. Throws if the configured key is not a secret. */
export function clientOf(opts: LookupOptions): NylasClient {
  const application = opts.application ?? DEFAULT_APPLICATION;
  refusePlainKey(application);
  return runFor(readSettings(application, (key) => pulumi.runtime.getConfig(key))).client;
}
