import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { codeOf, type Ends, exchange, type Query, sendForm, startEmulator } from "./links.js";

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
    const code = await codeOf(ends, 0);
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
      code: await codeOf(ends, 0),
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
    const code = await codeOf(ends, 0);
    expect(await exchange(ends, { code, client_secret, redirect_uri })).toMatchObject(REFUSED);
    expect(await exchange(ends, { code, client_secret })).toMatchObject(REFUSED);
  });

  it("lasts ten minutes", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const [early, late] = [await codeOf(ends, 0), await codeOf(ends, 0)];
    vi.setSystemTime(Date.now() + LIFETIME_MS - 10_000);
    expect(await exchange(ends, { code: early, client_secret })).toMatchObject({ status: 200 });
    vi.setSystemTime(Date.now() + 20_000);
    expect(await exchange(ends, { code: late, client_secret })).toMatchObject(REFUSED);
  });

  it("needs the key when it was asked for without a challenge", async () => {
    const refused = { status: 400, body: { error: "invalid_request" } };
    expect(await exchange(ends, { code: await codeOf(ends, 0) })).toMatchObject(refused);
    expect(await exchange(ends, { code: await codeOf(ends, 0), code_verifier: "made up" })).toMatchObject(refused);
  });

  const verifier = randomBytes(32).toString("base64url");
  const digest = createHash("sha256").update(verifier).digest();
  /** As Nylas's clients encode it. */
  const hashed = Buffer.from(digest.toString("hex")).toString("base64url");
  const rfc7636 = digest.toString("base64url");

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
      outcomes.push((await exchange(ends, { code: await codeOf(ends, 0, challenge), ...proof })).status);
    expect(outcomes).toEqual([200, 200, 400, 400, 400, 400]);
  });

  it.each<[string, Query, readonly number[]]>([
    ["the hexadecimal digest, as Nylas's clients do", {}, [200, 400]],
    ["the digest itself, with s256Challenge=rfc7636", { s256Challenge: "rfc7636" }, [400, 200]],
  ])("is proven by a challenge of method S256 that encodes %s", async (_, behavior, expected) => {
    const other = await startEmulator(behavior);
    onTestFinished(() => other.close());
    const at = { emulator: other, application };
    const statuses = [];
    for (const code_challenge of [hashed, rfc7636]) {
      const code = await codeOf(at, 0, { code_challenge, code_challenge_method: "S256" });
      statuses.push((await exchange(at, { code, code_verifier: verifier })).status);
    }
    expect(statuses).toEqual(expected);
  });

  it("says in Nylas's words that the verifier is wrong", async () => {
    const code = await codeOf(ends, 0, { code_challenge: hashed, code_challenge_method: "S256" });
    const { body } = await exchange(ends, { code, code_verifier: "guessed" });
    expect(body).toMatchObject({ error: "invalid_grant", error_description: "Code verifier challenge failed" });
  });

  it("comes with no refusal", async () => {
    const { status, location } = await sendForm(ends, 0, {}, { imap_password: "not-the-password-of-anybody" });
    expect({ status, location }).toEqual({ status: 400, location: null });
  });
});

const REFUSED = { status: 400, body: { error: "invalid_grant" } };

function username(): string {
  return emulator.user(0).username;
}
