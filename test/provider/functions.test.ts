import { createHash, randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  detectProvider,
  exchangeCode,
  type GrantByEmail,
  getApplication,
  getApplicationOutput,
  getConnector,
  getGrant,
  getGrantOutput,
  hostedAuthUrl,
  hostedAuthUrlOutput,
  InvalidInputError,
  listGrants,
  NylasError,
} from "../../provider/src/index.js";
import { present, TestEmulator, type WireGrant } from "../../tools/harness/test-emulator.js";

const REDIRECT_URI = "http://localhost:3000/oauth/exchange";

let emulator: TestEmulator;
let grant: WireGrant;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  Object.assign(process.env, emulator.env);
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
  grant = await emulator.foreignGrant(0);
});

afterEach(async () => {
  for (const name of Object.keys(emulator.env)) delete process.env[name];
  await emulator.close();
});

const value = <T>(output: pulumi.Output<T>) => new Promise<unknown>((resolve) => output.apply(resolve));

describe("the look-ups", () => {
  it("find the application, the connector and the grants", async () => {
    const { applicationId } = emulator.emulator;
    expect(await getApplication()).toMatchObject({ applicationId, region: "us" });
    expect(await value(getApplicationOutput())).toMatchObject({ applicationId });
    expect(await getConnector()).toEqual({ provider: "imap", name: "mail" });
    const found = { grantId: grant.id, email: grant.email, provider: "imap", grantStatus: "valid" };
    expect(await getGrant({ id: grant.id })).toMatchObject(found);
    expect(await getGrant({ email: grant.email.toUpperCase() })).toMatchObject(found);
    expect(await value(getGrantOutput({ email: pulumi.output(grant.email) }))).toMatchObject(found);
  });

  it("narrow the list of grants", async () => {
    expect(await listGrants()).toHaveLength(1);
    expect(await listGrants({ status: "invalid" })).toEqual([]);
    expect(await listGrants({ provider: "google" })).toEqual([]);
    expect(await listGrants({ status: "valid", provider: "imap" })).toHaveLength(1);
  });

  it("fail when there is nothing to find", async () => {
    await expect(getGrant({ email: "nobody@example.test" })).rejects.toThrow("the application has no such grant");
    await expect(getGrant({ id: "6e0f4a3e-0000-4000-8000-000000000000" })).rejects.toBeInstanceOf(NylasError);
    await emulator.call("DELETE", "/v3/connectors/imap");
    await expect(getConnector()).rejects.toThrow("the application has none");
  });

  it("find a grant whose id is known only later", async () => {
    expect(await value(getGrantOutput({ id: pulumi.output(grant.id) }))).toMatchObject({ grantId: grant.id });
  });

  it.each([undefined, null, ""])("find the grant of an address beside an id that is %j", async (id) => {
    const undecided = { id, email: grant.email } as GrantByEmail;
    expect(await getGrant(undecided)).toMatchObject({ grantId: grant.id });
    expect(await value(getGrantOutput(undecided))).toMatchObject({ grantId: grant.id });
  });

  it.each([
    ["neither id nor email is given", {}],
    ["neither id nor email is given", { id: undefined, email: "" }],
    ["neither id nor email is given", { id: null }],
    ["both id and email are given", { id: "an-id", email: "ops@example.test" }],
  ])("refuse a grant for which %s, without a request: %j", async (says, args) => {
    await emulator.forgetRequests();
    const error: unknown = await getGrant(args as GrantByEmail).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(String(error)).toContain(`Looking up a grant: ${says} (invalid_input)`);
    expect(await emulator.requests()).toEqual([]);
  });

  it("ask Nylas for an address's provider", async () => {
    expect(await detectProvider({ email: grant.email })).toEqual({
      detected: true,
      provider: "imap",
      type: "generic",
      advice: undefined,
    });
    const advised = await detectProvider({ email: "ann@yahoo.com" });
    expect(advised).toMatchObject({ provider: "yahoo", advice: expect.stringContaining("connector yahoo (OAuth)") });
  });
});

describe("an API key that is configured in clear", () => {
  const key = "nyk_in_clear";
  const args = { clientId: "id", redirectUri: REDIRECT_URI, code: "c" };
  const calls: Record<string, () => Promise<unknown>> = {
    getApplication,
    getConnector,
    listGrants,
    getGrant: () => getGrant({ id: grant.id }),
    detectProvider: () => detectProvider({ email: grant.email }),
    exchangeCode: () => exchangeCode(args),
  };

  afterEach(() => pulumi.runtime.setAllConfig({}));

  it.each(Object.entries(calls))("is refused by %s, without a request", async (_name, call) => {
    pulumi.runtime.setAllConfig({ "nylas:apiKey": key });
    await emulator.forgetRequests();
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NylasError);
    expect(error).toMatchObject({ code: "invalid_input" });
    expect(String(error)).toContain("pulumi config set --secret nylas:apiKey");
    expect(String(error)).not.toContain(key);
    expect(await emulator.requests()).toEqual([]);
  });

  it("is no matter of another application", async () => {
    pulumi.runtime.setAllConfig({ "nylas-eu:apiKey": key });
    expect(await getApplication()).toMatchObject({ applicationId: emulator.emulator.applicationId });
    await expect(getApplication({ application: "nylas-eu" })).rejects.toThrow("--secret nylas-eu:apiKey");
  });

  it("is accepted as a secret", async () => {
    pulumi.runtime.setAllConfig({ "nylas:apiKey": emulator.emulator.apiKey }, ["nylas:apiKey"]);
    expect(await getApplication()).toMatchObject({ applicationId: emulator.emulator.applicationId });
  });
});

describe("hosted authentication", () => {
  const args = () => ({ clientId: emulator.emulator.applicationId, redirectUri: REDIRECT_URI });

  it("has an address that demands SMTP settings unless told otherwise", async () => {
    const url = new URL(hostedAuthUrl({ ...args(), loginHint: grant.email, state: "a b&c" }));
    expect(url.origin).toBe(emulator.emulator.apiUri);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: emulator.emulator.applicationId,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      provider: "imap",
      options: "smtp_required",
      login_hint: grant.email,
      state: "a b&c",
    });
    expect(hostedAuthUrl({ ...args(), requireSmtp: false })).not.toContain("options");
    expect(hostedAuthUrl({ ...args(), region: "eu" })).toMatch(/^https:\/\/api\.eu\.nylas\.com\/v3\/connect\/auth\?/);
    expect(await value(hostedAuthUrlOutput({ ...args(), state: pulumi.output("s") }))).toContain("state=s");
  });

  it("has Nylas's parameters for a refresh token, the form's prompt and PKCE, where they are given", () => {
    const pkce = { codeChallenge: "a challenge", codeChallengeMethod: "S256" } as const;
    const url = new URL(hostedAuthUrl({ ...args(), accessType: "offline", prompt: "detect", ...pkce }));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      access_type: "offline",
      prompt: "detect",
      code_challenge: "a challenge",
      code_challenge_method: "S256",
    });
    expect(hostedAuthUrl(args())).not.toMatch(/access_type|prompt|code_challenge/);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ accessType: "sometimes" }, 'accessType is "sometimes"'],
    [{ codeChallenge: "" }, "codeChallenge is empty"],
    [{ codeChallenge: "c", codeChallengeMethod: "s256" }, 'codeChallengeMethod is "s256"'],
    [{ codeChallengeMethod: "S256" }, "codeChallengeMethod is given without codeChallenge"],
    [{ state: "s".repeat(257) }, "state has 257 characters"],
    [{ region: "mars" }, 'region is "mars"'],
    [{ clientId: undefined }, "clientId has no value"],
    [{ redirectUri: "" }, "redirectUri has no value"],
  ])("has no address with %j", (wrong, answer) => {
    // What a JavaScript program may pass.
    const made = () => hostedAuthUrl({ ...args(), ...wrong } as Parameters<typeof hostedAuthUrl>[0]);
    expect(made).toThrow(InvalidInputError);
    expect(made).toThrow(answer);
  });

  it("takes the longest state that Nylas takes", () => {
    const state = "s".repeat(256);
    expect(new URL(hostedAuthUrl({ ...args(), state })).searchParams.get("state")).toBe(state);
  });

  it("proves with PKCE that the code came to who asked for it", async () => {
    const codeVerifier = randomBytes(32).toString("base64url");
    const digest = createHash("sha256").update(codeVerifier).digest("hex");
    const pkce = { codeChallenge: Buffer.from(digest).toString("base64url"), codeChallengeMethod: "S256" } as const;
    const code = async () => codeOf(hostedAuthUrl({ ...args(), ...pkce }));
    const { id } = await emulator.grantOf(grant.email);
    expect(await exchangeCode({ ...args(), code: await code(), codeVerifier })).toMatchObject({ grantId: id });
    for (const wrong of [{}, { codeVerifier: "guessed" }]) {
      const refused = await exchangeCode({ ...args(), code: await code(), ...wrong }).catch(
        (reason: unknown) => reason,
      );
      expect(refused).toMatchObject({ status: 400, type: "invalid_grant" });
      expect(String(refused)).not.toContain("guessed");
    }
  });

  it("reads the settings as everything else does, but needs no key", () => {
    delete process.env.NYLAS_API_KEY;
    Object.assign(process.env, { NYLAS_REGION: "", NYLAS_API_URI: "" });
    onTestFinished(() => void delete process.env.NYLAS_REGION);
    expect(new URL(hostedAuthUrl(args())).origin).toBe("https://api.us.nylas.com");
    process.env.NYLAS_REGION = " eu ";
    expect(new URL(hostedAuthUrl(args())).origin).toBe("https://api.eu.nylas.com");
    process.env.NYLAS_API_URI = "http://api.example.com";
    expect(() => hostedAuthUrl(args())).toThrow(/nylas:apiUri must be an https URL.*invalid_input/);
    process.env.NYLAS_REGION = "mars";
    expect(() => hostedAuthUrl(args())).toThrow(/nylas:region is "mars".*invalid_input/);
  });

  it("gives a code that is exchanged once", async () => {
    const { username } = emulator.user(1);
    const code = await codeOf(hostedAuthUrl(args()), 1);
    const { id } = await emulator.grantOf(username);
    expect(await exchangeCode({ ...args(), code })).toEqual({ grantId: id, email: username, provider: "imap" });

    const again = await exchangeCode({ ...args(), code }).catch((reason: unknown) => reason);
    expect(again).toMatchObject({ code: "unexpected_response", status: 400, type: "invalid_grant" });
    expect(String(again)).not.toContain(emulator.emulator.apiKey);
  });
});

/** The code that the form at an address gives for a mailbox. */
async function codeOf(url: string, user = 0): Promise<string> {
  const { username, password } = emulator.user(user);
  const body = new URLSearchParams({
    imap_username: username,
    imap_password: password,
    imap_host: emulator.imap.host,
    imap_port: String(emulator.imap.port),
    smtp_host: emulator.smtp.host,
    smtp_port: String(emulator.smtp.port),
  });
  const answer = await fetch(url, { method: "POST", body, redirect: "manual" });
  const location = new URL(present(answer.headers.get("location") ?? undefined));
  return present(location.searchParams.get("code") ?? undefined);
}
