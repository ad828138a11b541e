import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { TestEmulator } from "../../support/emulator.js";
import { type Ends, exchange, linkOf, type Query, startEmulator } from "./links.js";

const LIFETIME_MS = 600_000;
const application = { redirectUri: "http://127.0.0.1:3000/callback?own=1" };

let emulator: TestEmulator;
let ends: Ends;
let client_secret: string;

describe("A code of the hosted form", () => {
  beforeAll(async () => {
    emulator = await startEmulator();
    ends = { emulator, application };
    client_secret = emulator.emulator.apiKey;
  });

  afterEach(() => vi.useRealTimers());

  afterAll(() => emulator?.close());

  it("is good for one exchange, whose answer nobody may keep", async () => {
    const code = await codeOf();
    const token = await exchange(ends, { code, client_secret });
    expect(token).toMatchObject({ status: 200, body: { grant_id: (await emulator.grantOf(username())).id } });
    expect(token.headers.get("cache-control")).toBe("no-store");
    expect(await exchange(ends, { code, client_secret })).toMatchObject(REFUSED);
  });

  it("can be exchanged in a form as well as in JSON", async () => {
    const { apiUri, applicationId } = emulator.emulator;
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: applicationId,
      client_secret,
      redirect_uri: application.redirectUri,
      code: await codeOf(),
    });
    const answer = await fetch(`${apiUri}/v3/connect/token`, { method: "POST", body });
    expect(answer.status).toBe(200);
  });

  it.each([
    "https://example.test/other",
    "http://127.0.0.1:3000/callback",
    "http://127.0.0.1:3000/callback/?own=1",
    "http://localhost:3000/callback?own=1",
  ])("is not for %s, and of no use to anybody after the attempt", async (redirect_uri) => {
    const code = await codeOf();
    expect(await exchange(ends, { code, client_secret, redirect_uri })).toMatchObject(REFUSED);
    expect(await exchange(ends, { code, client_secret })).toMatchObject(REFUSED);
  });

  it("lasts ten minutes", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const [early, late] = [await codeOf(), await codeOf()];
    vi.setSystemTime(Date.now() + LIFETIME_MS - 10_000);
    expect(await exchange(ends, { code: early, client_secret })).toMatchObject({ status: 200 });
    vi.setSystemTime(Date.now() + 20_000);
    expect(await exchange(ends, { code: late, client_secret })).toMatchObject(REFUSED);
  });

  it("needs the key when it was asked for without a challenge", async () => {
    const refused = { status: 400, body: { error: "invalid_request" } };
    expect(await exchange(ends, { code: await codeOf() })).toMatchObject(refused);
    expect(await exchange(ends, { code: await codeOf(), code_verifier: "made up" })).toMatchObject(refused);
  });

  const verifier = randomBytes(32).toString("base64url");
  const hashed = createHash("sha256").update(verifier).digest("base64url");

  it.each<[string, Query, string]>([
    ["S256", { code_challenge: hashed, code_challenge_method: "S256" }, hashed],
    ["s256, as the Node SDK writes it", { code_challenge: hashed, code_challenge_method: "s256" }, hashed],
    ["plain", { code_challenge: verifier, code_challenge_method: "plain" }, hashed],
    ["no method, which means plain", { code_challenge: verifier }, hashed],
  ])("is proven by the verifier alone, with %s", async (_, challenge, wrong) => {
    const proofs = [
      { code_verifier: verifier },
      { code_verifier: verifier, client_secret },
      { code_verifier: "guessed" },
      { code_verifier: wrong },
      {},
      // The key does not replace the verifier: an attacker who intercepts a code may use the same application.
      { client_secret },
    ];
    const outcomes = [];
    for (const proof of proofs)
      outcomes.push((await exchange(ends, { code: await codeOf(challenge), ...proof })).status);
    expect(outcomes).toEqual([200, 200, 400, 400, 400, 400]);
  });

  it("comes with no refusal", async () => {
    const { status, location } = await sendForm({}, { imap_password: "not-the-password-of-anybody" });
    expect({ status, location }).toEqual({ status: 400, location: null });
  });
});

const REFUSED = { status: 400, body: { error: "invalid_grant" } };

function username(): string {
  return emulator.user(0).username;
}

async function codeOf(query: Query = {}): Promise<string> {
  const { status, location } = await sendForm(query);
  expect(status).toBe(303);
  return new URL(location ?? "").searchParams.get("code") ?? "";
}

/** A form body, as a browser sends it. */
async function sendForm(query: Query, typed: Query = {}): Promise<{ status: number; location: string | null }> {
  const { password } = emulator.user(0);
  const { host, port } = emulator.imap;
  const settings = { imap_username: username(), imap_password: password, imap_host: host, imap_port: String(port) };
  const body = new URLSearchParams({ ...settings, ...typed });
  const answer = await fetch(linkOf(ends, query), { method: "POST", redirect: "manual", body });
  return { status: answer.status, location: answer.headers.get("location") };
}
