import { createApp } from "../../src/app.js";
import { chooseBehaviours } from "../../src/behaviours.js";
import { offlineMailClient } from "../../src/mail-client/mail-client.js";
import { emptyData, Store } from "../../src/store/store.js";

export interface Route {
  method: string;
  path: string;
}

/** Methods and paths that the emulator serves, from Hono's route list without middleware. */
export function emulatorRoutes(): Route[] {
  const behaviours = chooseBehaviours();
  const { routes } = createApp({
    host: "127.0.0.1",
    apiKey: "nyk_of_a_test",
    behaviours,
    reportBehaviours: () => [],
    store: new Store(emptyData(), behaviours, async () => undefined),
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
