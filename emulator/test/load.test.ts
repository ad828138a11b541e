import { expect, it } from "vitest";
import { drawLatency } from "../../emulator/src/http/latency.js";
import { seededRandom } from "../../emulator/src/random.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";

const SEED = 7;
/** Timers may fire a millisecond early. */
const EARLY_MS = 2;
/** A port on which nothing listens. */
const CLOSED_PORT = 1;

it("--no-mail-logins accepts credentials without a mail server, and shows empty mailboxes", async () => {
  const emulator = await TestEmulator.start({ mail: false, mailLogins: false });
  try {
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    const server = { imap_host: "127.0.0.1", imap_port: CLOSED_PORT, smtp_host: "127.0.0.1", smtp_port: CLOSED_PORT };
    const settings = { imap_username: "ops@example.test", imap_password: "whatever", ...server };
    const grant = await emulator.call<{ id: string }>("POST", "/v3/connect/custom", { provider: "imap", settings });
    expect(await emulator.call("GET", `/v3/grants/${grant.id}/messages`)).toEqual([]);
    expect(await emulator.call("GET", `/v3/grants/${grant.id}/folders`)).toEqual([
      expect.objectContaining({ id: "INBOX", total_count: 0 }),
    ]);
    const mail = { to: [{ email: "ops@example.test" }], subject: "dropped" };
    await emulator.call("POST", `/v3/grants/${grant.id}/messages/send`, mail);
    expect(await emulator.call("GET", `/v3/grants/${grant.id}/messages`)).toEqual([]);
  } finally {
    await emulator.close();
  }
});

it("--latency delays each request by the next time of the seed's sequence", async () => {
  const median = 60;
  const emulator = await TestEmulator.start({ mail: false, latency: median, seed: SEED });
  const random = seededRandom(SEED);
  try {
    for (let request = 0; request < 5; request++) {
      const expected = drawLatency(median, random);
      const begun = performance.now();
      await emulator.connectors();
      expect(performance.now() - begun).toBeGreaterThanOrEqual(expected - EARLY_MS);
    }
  } finally {
    await emulator.close();
  }
});

it("latencies have the median that was asked for, a long tail and an end", () => {
  const random = seededRandom(SEED);
  const drawn = Array.from({ length: 10_000 }, () => drawLatency(100, random)).toSorted((a, b) => a - b);
  expect(drawn[5_000]).toBeCloseTo(100, -1);
  expect(drawn[9_900]).toBeGreaterThan(300);
  expect(drawn.at(-1)).toBeLessThanOrEqual(1_000);
  expect(drawn[0]).toBeGreaterThan(0);
});
