import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { sendDigest } from "./digest.mjs";
import { startEmulator } from "./emulator.mjs";

/** Makes the storms of all runs the same. */
const SEED = "7";
const TEAM = ["ops", "billing", "support", "sales", "legal", "press"].map((name) => `${name}@example.test`);
const SENDER = "ops@example.test";
/** Two to each mailbox, one of them with what must not become HTML. */
const MAIL = TEAM.flatMap((email) => [
  { email, subject: `Invoice for ${email}` },
  { email, subject: `<b>Question to ${email}</b>` },
]);
/** Quick enough for a test; the waits that Nylas asks for stay as long as they are. */
const PATIENCE = { attempts: 8, firstMs: 5 };
const WORKERS = 4;
const SEND = { method: "POST", path: "/v3/grants/*/messages/send" };
const READ = { method: "GET", path: "/v3/grants/*/messages" };

/** @type {import("./emulator.mjs").Emulator} */
let emulator;
/** The team's, in its order. @type {string[]} */
const grants = [];
/** Who reads the digest: somebody else in each test. */
let reader = "";

before(async () => {
  const directory = mkdtempSync(join(tmpdir(), "digest-"));
  const users = join(directory, "users.json");
  writeFileSync(users, JSON.stringify(TEAM.map((username) => ({ username, password: `of ${username}` }))));
  emulator = await startEmulator("--seed", SEED, "--users", users);
  rmSync(directory, { recursive: true });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  for (const { username, password } of emulator.ready.users) grants.push(await emulator.connect(username, password));
  for (const { email, subject } of MAIL) {
    await emulator.call("POST", `/v3/grants/${SENDER}/messages/send`, { to: [{ email }], subject, body: "…" });
  }
});

after(() => emulator?.stop());

beforeEach(async () => {
  await newReader();
  await emulator.calm();
});

async function newReader() {
  reader = `${randomUUID()}@example.test`;
  await emulator.call("PUT", `/_emulator/mailboxes/${reader}`, { password: reader });
}

/** @param {object} [more] */
function run(more) {
  const { apiUri, apiKey } = emulator.ready;
  return sendDigest({ apiUri, apiKey, from: SENDER, to: reader, workers: WORKERS, patience: PATIENCE, ...more });
}

/** What has come to the reader. @returns {Promise<{ body: string }[]>} */
async function digests() {
  await emulator.calm();
  const id = await emulator.connect(reader, reader);
  const inbox = await emulator.call("GET", `/v3/grants/${id}/messages`);
  await emulator.call("DELETE", `/v3/grants/${id}`);
  return inbox;
}

/** One digest has come, and it names every message. */
async function assertDigest() {
  const [digest, ...others] = await digests();
  assert.ok(digest, "a digest has come");
  assert.deepEqual(others, [], "and only one");
  for (const { email, subject } of MAIL) {
    const escaped = subject.replaceAll("<", "&#60;").replaceAll(">", "&#62;");
    assert.ok(digest.body.includes(`<li>${escaped}</li>`), `the mail to ${email} is in it`);
  }
}

/** The request log as short lines. */
async function lines() {
  const log = await emulator.requests();
  return log.map(({ method, path, status }) => `${method} ${decodeURIComponent(path)} ${status}`);
}

test("a quiet night: each mailbox is read once, and the digest is sent once", async () => {
  const { apiUri, apiKey } = emulator.ready;
  const env = { ...process.env, NYLAS_API_KEY: apiKey, NYLAS_API_URI: apiUri, DIGEST_FROM: SENDER, DIGEST_TO: reader };
  const nightly = join(import.meta.dirname, "nightly.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [nightly], { env });
  assert.equal(stdout, `${MAIL.length} unread messages in ${TEAM.length} mailboxes\n`);

  const expected = [
    "GET /v3/grants 200",
    ...grants.map((id) => `GET /v3/grants/${id}/messages 200`),
    `POST /v3/grants/${SENDER}/messages/send 200`,
  ];
  assert.deepEqual((await lines()).sort(), expected.sort());
  await assertDigest();
});

test("a storm of 429: nothing is lost, nothing is sent twice, and the same seed is the same storm", async (context) => {
  const storm = async () => {
    await emulator.faults({ probability: 0.2, times: 2, retryAfter: 1 }, { probability: 0.6, retryAfter: null });
    await emulator.call("DELETE", "/_emulator/requests");
    // One after the other: a seed says that the nth request is hit, whichever that is.
    const result = await run({ workers: 1 });
    assert.deepEqual(result, { mailboxes: TEAM.length, unread: MAIL.length, missing: [] });
    return lines();
  };
  const log = await storm();
  for (const { fired } of await emulator.call("GET", "/_emulator/faults")) assert.ok(fired > 0, "each rule has fired");
  const answered = log.filter((line) => line.endsWith(" 200"));
  const refused = log.filter((line) => line.endsWith(" 429"));
  context.diagnostic(`${log.length} requests: ${answered.length} answered, ${refused.length} refused`);
  assert.ok(refused.length >= answered.length, "it was a storm");
  assert.equal(answered.length, TEAM.length + 2);
  assert.equal(new Set(answered).size, answered.length, "nothing was asked for again once it was answered");
  await assertDigest();

  await newReader();
  assert.deepEqual(await storm(), log);
});

test("a storm with several workers at once", async () => {
  // However they share them, no request can be refused more often than it is sent.
  const refusals = PATIENCE.attempts - 1;
  await emulator.faults({ nth: 2, times: refusals, retryAfter: null });
  assert.deepEqual((await run()).missing, []);
  assert.equal((await lines()).filter((line) => line.endsWith(" 429")).length, refusals);
  await assertDigest();
});

test("Retry-After: no worker sends another request before its time", async () => {
  await emulator.faults({ ...READ, nth: 1, retryAfter: 2 });
  await run();
  const log = await emulator.requests();
  const refused = log.find(({ status }) => status === 429);
  assert.ok(refused, "there was a refusal");
  const waits = log.map(({ time }) => Date.parse(time) - Date.parse(refused.time));
  const early = waits.filter((wait) => wait >= 0 && wait < 2_000);
  assert.ok(early.length <= WORKERS, `${early.length} requests, where ${WORKERS} could be under way`);
  assert.ok(waits.some((wait) => wait >= 2_000));
  await assertDigest();
});

test("without Retry-After the waits grow", async () => {
  await emulator.faults({ path: "/v3/grants", times: 5, retryAfter: null });
  await run({ patience: { attempts: 6, firstMs: 40 } });
  const times = (await emulator.requests())
    .filter(({ path }) => path === "/v3/grants")
    .map(({ time }) => Date.parse(time));
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.equal(waits.length, 5);
  // Each is at least half of its share; the clock of the log may round a millisecond away.
  waits.forEach((wait, index) => {
    assert.ok(wait >= (40 * 2 ** index) / 2 - 1, `wait ${index + 1} was ${wait} ms`);
  });
});

test("a storm without an end: the job gives up, and has sent nothing", async () => {
  await emulator.faults({ retryAfter: 0 });
  await assert.rejects(run(), { statusCode: 429 });
  const log = await emulator.requests();
  assert.equal(log.length, PATIENCE.attempts);
  assert.deepEqual(await digests(), []);
});

test("a wait that is longer than the night: the job gives up at once", async () => {
  await emulator.faults({ retryAfter: 3_600 });
  await assert.rejects(run(), { statusCode: 429 });
  assert.equal((await emulator.requests()).length, 1);
});

for (const [name, fault] of /** @type {[string, object][]} */ ([
  ["its answer is lost", { reset: true, afterEffect: true }],
  ["half of its answer is lost", { truncate: true, afterEffect: true }],
  ["the gateway gave up waiting for it", { status: 504, afterEffect: true }],
  ["it never arrived", { reset: true }],
  ["it was refused", { status: 429, retryAfter: 1 }],
])) {
  test(`the digest is sent, but ${name}: it comes once`, async () => {
    await emulator.faults({ ...SEND, nth: 1, ...fault });
    await run();
    assert.equal((await emulator.requests()).filter(({ method }) => method === "POST").length, 2);
    await assertDigest();
  });
}

test("a mailbox that is lost is named in the digest, once asked, and the others are complete", async (context) => {
  context.after(() => emulator.call("PATCH", `/_emulator/grants/${grants[2]}`, { grant_status: "valid" }));
  await emulator.call("PATCH", `/_emulator/grants/${grants[2]}`, { grant_status: "invalid" });
  const { missing, unread } = await run();
  assert.deepEqual(
    missing.map(({ email }) => email),
    [TEAM[2]],
  );
  assert.equal(unread, MAIL.length - 2);
  assert.equal((await emulator.requests()).filter(({ path }) => path.includes(grants[2] ?? "")).length, 1);
  const [digest] = await digests();
  assert.match(digest?.body ?? "", new RegExp(`${TEAM[2]}: 0</h2><p>Could not be read: `));
});
