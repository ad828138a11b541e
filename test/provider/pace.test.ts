import { afterEach, describe, expect, it } from "vitest";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { findConnector } from "../../provider/src/nylas/connectors.js";
import { probeMailbox } from "../../provider/src/nylas/grants.js";
import { readSettings } from "../../provider/src/settings.js";
import { present, TestEmulator } from "../support/emulator.js";
import { until } from "../support/until.js";

let emulator: TestEmulator;

afterEach(() => emulator.close());

async function start(requestsPerSecond: number, behaviour: Record<string, string> = {}): Promise<NylasClient> {
  emulator = await TestEmulator.start({ behaviour });
  const env = { ...emulator.env, NYLAS_REQUESTS_PER_SECOND: String(requestsPerSecond) };
  return createClient(readSettings("nylas", () => undefined, env));
}

/** Asks for the connector, as often as this, at the same time. */
async function ask(client: NylasClient, times: number): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => findConnector(client)));
}

async function arrivals(): Promise<{ at: number; status: number }[]> {
  const log = await emulator.requests();
  return log
    .map(({ time, status }) => ({ at: Date.parse(time), status }))
    .toSorted((left, right) => left.at - right.at);
}

/** Most arrivals within this time. */
function most(times: readonly { at: number }[], windowMs: number): number {
  return Math.max(...times.map(({ at }) => times.filter((other) => other.at >= at && other.at < at + windowMs).length));
}

describe("the pace of requests", () => {
  it("is even: those that wait do not leave in a burst", async () => {
    const client = await start(40);
    await client.application();
    await ask(client, 60);
    const times = await arrivals();
    expect(times).toHaveLength(61);
    // 8 in this time and 20 after a quiet time, with room for a busy machine.
    expect(most(times, 200)).toBeLessThanOrEqual(35);
    expect(present(times.at(-1)).at - present(times[0]).at).toBeGreaterThan(1_300);
  });

  it("stops for all requests after a 429, and goes on more slowly", async () => {
    const client = await start(40, { rateLimitPerSecond: "10" });
    await ask(client, 60);
    const times = await arrivals();
    const refused = times.filter(({ status }) => status === 429);
    expect(times.length - refused.length).toBe(61);
    // Each of the 60 requests would otherwise find out by itself.
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(35);
    const first = present(refused[0]).at;
    // Retry-After is one second; what was under way may still arrive.
    expect(times.filter(({ at }) => at > first + 200 && at < first + 900)).toEqual([]);
  });

  it("does not change for a 429 of one mailbox", async () => {
    const client = await start(40);
    await client.application();
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const { id } = await emulator.foreignGrant(0);
    const messages = `/v3/grants/${id}/messages`;
    await emulator.faults({ path: messages, status: 429, retryAfter: 5, nth: 1 });
    await emulator.forgetRequests();
    const probed = probeMailbox(client, id, emulator.user(0).username);
    await until("it is refused", 30_000, async () => (await arrivals()).length > 0);
    await ask(client, 150);
    const times = await arrivals();
    expect(times.map(({ status }) => status)).toEqual([429, ...Array.from({ length: 150 }, () => 200)]);
    // Three seconds at the full rate. After a pause and at half the rate, they would take almost seven.
    expect(present(times.at(-1)).at - present(times[0]).at).toBeLessThan(5_500);
    await probed;
  });
});
