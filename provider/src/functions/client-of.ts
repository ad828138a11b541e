import * as pulumi from "@pulumi/pulumi";
import type { NylasClient } from "../nylas/client.js";
import { refusePlainKey } from "../pulumi/registration.js";
import { runFor } from "../run/run.js";
import { DEFAULT_APPLICATION, readSettings } from "../settings.js";
import type { LookupOptions } from "./lookup-options.js";

/** The program's own client for an application; one per process. Throws when the configured key is not a secret. */
export function clientOf(opts: LookupOptions): NylasClient {
  const application = opts.application ?? DEFAULT_APPLICATION;
  refusePlainKey(application);
  return runFor(readSettings(application, (key) => pulumi.runtime.getConfig(key))).client;
}
