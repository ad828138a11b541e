import { setImmediate as afterMicrotasks, setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { findConnector } from "../../provider/src/nylas/connectors.js";
import { probeMailbox } from "../../provider/src/nylas/grants.js";
import { createPace } from "../../provider/src/nylas/pace.js";
import { readSettings } from "../../provider/src/settings.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";
import { here } from "../support/here.js";

let emulator: TestEmulator;

async function start(requestsPerSecond: number, behavior: Record<string, string> = {}): Promise<NylasClient> {
  emulator = await TestEmulator.start({ behavior });
  const env = { ...emulator.env, NYLAS_REQUESTS_PER_SECOND: String(requestsPerSecond) };
  return createClient(
    readSettings("nylas", () => undefined, env),
    here(),
  );
}

/** Asks for the connector, as often as this, at the same time. */
async function ask(client: NylasClient, times: number): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => findConnector(client)));
}

async function statuses(): Promise<number[]> {
  return (await emulator.requests()).map(({ status }) => status);
}

/** How long it takes, in milliseconds on the monotonic clock. */
async function lasts(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Most of these times within this one. */
function most(times: readonly number[], windowMs: number): number {
  return Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + windowMs).length));
}

describe("the pace", () => {
  it("is at most the rate in any second, and after a quiet time half of it at once", async () => {
    const pace = createPace(40);
    const quietMs = 1_000;
    await pause(quietMs);
    const times: number[] = [];
    const turns = Array.from({ length: 100 }, () => pace.turn().then(() => times.push(performance.now())));
    await afterMicrotasks();
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(times.length).toBeLessThanOrEqual(22);
    await Promise.all(turns);
    // A window that is a little shorter, because each time is read a little later than the turn.
    expect(most(times, 950)).toBeLessThanOrEqual(40);
    // Those that wait do not leave in a burst: 8 in this time, and 20 after a quiet time.
    expect(most(times, 200)).toBeLessThanOrEqual(35);
    // 20 at once, and 80 at 40 a second.
    expect(present(times.at(-1)) - present(times[0])).toBeGreaterThan(1_900);
  });
});

describe("the pace of a client", () => {
  afterEach(() => emulator.close());

  it("stops for all requests after a 429, and goes on more slowly", async () => {
    const client = await start(40);
    await client.application();
    await emulator.faults({ path: "/v3/connectors/imap", status: 429, retryAfter: 0, times: 1 });
    // Without the pause, the refused request is sent again after at most 750 ms.
    expect(await lasts(() => findConnector(client))).toBeGreaterThan(1_000);
    // At the full rate it would take a second: 20 at once, and 40 at 40 a second.
    expect(await lasts(() => ask(client, 60))).toBeGreaterThan(1_700);
  });

  it("lets few requests find out the limit by themselves", async () => {
    const client = await start(40, { rateLimitPerSecond: "10" });
    await ask(client, 60);
    const refused = (await statuses()).filter((status) => status === 429).length;
    expect((await statuses()).length - refused).toBe(61);
    expect(refused).toBeGreaterThan(0);
    // About twenty, and on a busy machine more; at the full rate a hundred.
    expect(refused).toBeLessThan(60);
  });

  it("does not change for a 429 of one mailbox", async () => {
    const client = await start(10);
    await client.application();
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await emulator.foreignGrant(0);
    const messages = `/v3/grants/${id}/messages`;
    await emulator.faults({ path: messages, status: 429, retryAfter: 8, nth: 1 });
    await emulator.forgetRequests();
    const probed = probeMailbox(client, id, emulator.user(0).username);
    await until("it is refused", 30_000, async () => (await statuses()).length > 0);
    // Three and a half seconds at the full rate. After a pause and at half the rate, they would take more than seven.
    expect(await lasts(() => ask(client, 40))).toBeLessThan(6_500);
    expect(await statuses()).toEqual([429, ...Array.from({ length: 40 }, () => 200)]);
    await probed;
  });
});
