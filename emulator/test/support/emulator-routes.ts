import { createApp } from "../../src/app.js";
import { chooseBehaviors } from "../../src/behaviors.js";
import { offlineMailClient } from "../../src/mail-client/mail-client.js";
import { emptyData, Store } from "../../src/store/store.js";

export interface Route {
  method: string;
  path: string;
}

/** Methods and paths that the emulator serves, from Hono's route list without middleware. */
export function emulatorRoutes(): Route[] {
  const behaviors = chooseBehaviors();
  const { routes } = createApp({
    host: "127.0.0.1",
    apiKey: "nyk_of_a_test",
    region: "us",
    behaviors,
    reportBehaviors: () => [],
    store: new Store(emptyData(), behaviors, async () => undefined),
    mailClient: offlineMailClient,
    latencyMs: 0,
    mailboxes: undefined,
    mailServers: undefined,
    seeded: () => Math.random,
  });
  const served = new Map<string, Route>();
  for (const { method, path } of routes) if (method !== "ALL") served.set(`${method} ${path}`, { method, path });
  return [...served.values()];
}
