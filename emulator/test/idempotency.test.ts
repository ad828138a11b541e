import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";

/** How long a condition may take, in milliseconds. */
const PATIENCE_MS = 10_000;

let emulator: TestEmulator;
/** Grants of two mailboxes. Messages go to the third mailbox. */
let grants: string[];

interface Sent {
  status: number;
  replayed: string | null;
  body: { data?: { id: string }; error?: { type: string } };
}

async function send(
  key: string | undefined,
  subject: string,
  grant = 0,
  signal: AbortSignal | null = null,
): Promise<Sent> {
  const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${grants[grant]}/messages/send`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${emulator.emulator.apiKey}`,
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify({ to: [{ email: emulator.user(2).username }], subject, body: "…" }),
    signal,
  });
  // Every answer has one of Nylas's two envelopes.
  const body = (await answer.json()) as Sent["body"];
  return { status: answer.status, replayed: answer.headers.get("idempotent-response"), body };
}

/** Number of received messages with this subject. */
async function arrived(subject: string): Promise<number> {
  const inbox = await emulator.call<{ subject: string }[]>("GET", `/v3/grants/${grants[2]}/messages?limit=200`);
  return inbox.filter((message) => message.subject === subject).length;
}

/** Number of requests that the first rule has seen. */
async function matched(): Promise<number> {
  const [rule] = await emulator.call<{ matched: number }[]>("GET", "/_emulator/faults");
  return rule?.matched ?? 0;
}

/** Sends, and hangs up once the emulator is so far. Returns when the emulator knows. */
async function hangUp(key: string, subject: string, isSoFar: () => Promise<boolean>): Promise<void> {
  await emulator.forgetRequests();
  const control = new AbortController();
  const abandoned = send(key, subject, 0, control.signal);
  await until("it is so far", PATIENCE_MS, isSoFar);
  control.abort();
  await expect(abandoned).rejects.toThrow("aborted");
  await until("the emulator knows", PATIENCE_MS, async () => (await emulator.requests()).some(isUnanswered));
}

function isUnanswered({ method, status }: { method: string; status: number }): boolean {
  return method === "POST" && status === 0;
}

beforeAll(async () => {
  emulator = await TestEmulator.start();
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  grants = (await Promise.all(emulator.users.map((_, index) => emulator.foreignGrant(index)))).map(({ id }) => id);
});

afterAll(() => emulator.close());

afterEach(() => emulator.call("DELETE", "/_emulator/faults"));

it("a send without a key is a message each time", async () => {
  await send(undefined, "twice");
  await send(undefined, "twice");
  expect(await arrived("twice")).toBe(2);
});

it("a send that is repeated with its key is one message, and the same answer, which says so", async () => {
  const first = await send("a key", "once");
  const second = await send("a key", "once");
  expect([first.status, first.replayed]).toEqual([200, null]);
  expect([second.status, second.replayed]).toEqual([200, "true"]);
  expect(second.body).toEqual(first.body);
  expect(await arrived("once")).toBe(1);
});

it("a send whose answer was lost is one message when it is repeated with its key", async () => {
  await emulator.faults({ path: "*/messages/send", nth: 1, reset: true, afterEffect: true });
  await expect(send("of a lost answer", "lost")).rejects.toThrow("fetch failed");
  expect(await send("of a lost answer", "lost")).toMatchObject({ status: 200, replayed: "true" });
  expect(await arrived("lost")).toBe(1);
});

it("a send whose client hangs up before it is performed leaves no key", async () => {
  // Long enough to hang up in. The emulator then performs what it has received, though nobody waits for the answer.
  await emulator.faults({ path: "*/messages/send", nth: 1, delayMs: 5_000 });
  await hangUp("hung up early", "early", async () => (await matched()) === 1);
  await until("it is performed", PATIENCE_MS, async () => (await arrived("early")) === 1);
  expect(await send("hung up early", "early")).toMatchObject({ status: 200, replayed: null });
  expect(await arrived("early")).toBe(2);
});

it("a send whose client hangs up after it was performed is one message when it is repeated with its key", async () => {
  await emulator.faults({ path: "*/messages/send", nth: 1, delayMs: 600_000, afterEffect: true });
  const isPerformed = async () => (await send("hung up late", "late hang-up")).replayed === "true";
  await hangUp("hung up late", "late hang-up", async () => (await matched()) > 0 && (await isPerformed()));
  expect(await send("hung up late", "late hang-up")).toMatchObject({ status: 200, replayed: "true" });
  expect(await arrived("late hang-up")).toBe(1);
});

it("a key belongs to its grant", async () => {
  await send("shared", "of two");
  expect(await send("shared", "of two", 1)).toMatchObject({ status: 200, replayed: null });
  expect(await arrived("of two")).toBe(2);
});

it("a key with another message is refused", async () => {
  await send("used", "the first");
  expect(await send("used", "another")).toMatchObject({
    status: 409,
    body: { error: { type: "api.invalid_idempotent_request" } },
  });
  expect(await arrived("another")).toBe(0);
});

it("of two sends at once with one key one is refused, and nothing is sent twice", async () => {
  const both = await Promise.all([send("at once", "at once"), send("at once", "at once")]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  const [refused] = both.filter(({ status }) => status === 409);
  expect(refused?.body.error?.type).toBe("api.concurrent_idempotent_request");
  expect(await send("at once", "at once")).toMatchObject({ status: 200, replayed: "true" });
  expect(await arrived("at once")).toBe(1);
});

it("a refusal is kept as well, and another key starts anew", async () => {
  const { username, password } = emulator.user(0);
  await emulator.setPassword(username, "another");
  expect(await send("refused", "late")).toMatchObject({ status: 403, replayed: null });
  await emulator.setPassword(username, password);
  expect(await send("refused", "late")).toMatchObject({ status: 403, replayed: "true" });
  expect(await send("anew", "late")).toMatchObject({ status: 200, replayed: null });
  expect(await arrived("late")).toBe(1);
});

it("a key has at most 256 characters", async () => {
  expect((await send("k".repeat(256), "long")).status).toBe(200);
  expect(await send("k".repeat(257), "too long")).toMatchObject({
    status: 400,
    body: { error: { type: "api.invalid_idempotency_key" } },
  });
  expect(await arrived("too long")).toBe(0);
});
