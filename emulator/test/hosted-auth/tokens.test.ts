import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { Tokens } from "../../src/api/connect/tokens/tokens.js";
import { emulatorRoutes } from "../support/emulator-routes.js";
import { nonEmpty } from "../support/non-empty.js";
import { codeOf, connectImap, type Ends, exchange, linkOf, type Query, startEmulator } from "./links.js";

const HOUR_MS = 3_600_000;
const MAX_ACCESS_TOKENS = 10_000;
const MAX_REFRESH_TOKENS = 1000;
const application = { redirectUri: "http://127.0.0.1:3000/callback" };
/** As the endpoints of tokens say it. */
const UNAUTHORIZED_FLAT = { status: 401, body: { error: "api.authentication_error" } };
const UNAUTHORIZED = { status: 401, body: { error: { type: "api.authentication_error" } } };
const INVALID_TOKEN = { status: 400, body: { error: "invalid_token", error_description: "Token expired or revoked" } };
const INVALID_GRANT = { status: 400, body: { error: "invalid_grant" } };
/** Endpoints that an access token opens whatever grant it is for. */
const OF_TOKENS = ["GET /v3/connect/tokeninfo", "POST /v3/connect/revoke"];
/** Endpoints that ask for no key. */
const PUBLIC = ["GET /v3/", "GET /v3/connect/auth", "POST /v3/connect/auth", "POST /v3/connect/token"];

let emulator: TestEmulator;
let ends: Ends;
let client_secret: string;
let grantId: string;

beforeAll(async () => {
  emulator = await startEmulator();
  ends = { emulator, application };
  client_secret = emulator.emulator.apiKey;
  grantId = (await emulator.foreignGrant(0)).id;
  await emulator.foreignGrant(1);
});

afterEach(() => vi.useRealTimers());

afterAll(() => emulator?.close());

describe("A link to the hosted form", () => {
  it.each([
    [{}, false],
    [{ access_type: "online" }, false],
    [{ access_type: "offline", prompt: "detect,select_provider" }, true],
  ])("with %j gives a refresh token: %s", async (query, given) => {
    const { body } = await logIn(query);
    expect(body).toMatchObject({ expires_in: 3600, token_type: "Bearer", grant_id: grantId, provider: "imap" });
    expect("refresh_token" in body).toBe(given);
  });

  it.each([{ access_type: "sometimes" }, { prompt: "detect,consent" }])("with %j is refused", async (query) => {
    const answer = await fetch(linkOf(ends, query));
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { type: "api.invalid_request_error" } }]);
  });
});

describe("An access token", () => {
  it("reads and sends as me what the key does with the grant's id", async () => {
    const { access } = await logIn();
    const sent = { to: [{ email: emulator.user(0).username }], subject: "to myself" };
    const { body } = await ask("POST", "/v3/grants/me/messages/send", access, sent);
    // The answer of a send has the message.
    const { id } = body.data as { id: string };
    expect(body).toMatchObject({ grant_id: grantId, data: { subject: "to myself" } });
    for (const path of ["", "/messages", `/messages/${encodeURIComponent(id)}`, "/folders", "/folders/INBOX"]) {
      const own = await ask("GET", `/v3/grants/me${path}`, access);
      expect(own).toMatchObject({ status: 200 });
      expect(own.body.data).toEqual((await ask("GET", `/v3/grants/${grantId}${path}`, client_secret)).body.data);
    }
    expect(await ask("GET", "/v3/grants/me/calendars", access)).toMatchObject({ status: 501 });
  });

  it.each(["PATCH", "DELETE"])("has no %s of me", async (method) => {
    const { access } = await logIn();
    const { status, body } = await ask(method, "/v3/grants/me", access, {});
    expect([status, body]).toMatchObject([404, { error: { message: expect.stringContaining("no endpoint") } }]);
    expect(await ask("GET", "/v3/grants/me", access)).toMatchObject({ status: 200 });
  });

  it.each(["", "/messages", "/folders", "/calendars"])(
    "is what /v3/grants/me%s takes, and nothing else",
    async (path) => {
      const { refresh } = await logIn({ access_type: "offline" });
      for (const bearer of [null, client_secret, "made-up", grantId, refresh]) {
        expect(await ask("GET", `/v3/grants/me${path}`, bearer)).toMatchObject(UNAUTHORIZED);
      }
    },
  );

  it.each(nonEmpty(closedRoutes()))("does not open %s", async (route) => {
    const { access } = await logIn();
    const before = await emulator.grants();
    const [method = "", pattern = ""] = route.split(" ");
    for (const name of [grantId, present(before[1]).id, encodeURIComponent(emulator.user(0).username)]) {
      const path = pattern.replace(":id", name).replace(/:\w+/g, "imap");
      expect(await ask(method, path, access, method === "GET" ? undefined : {})).toMatchObject(UNAUTHORIZED);
    }
    expect(await emulator.grants()).toEqual(before);
  });

  it("does not steer the emulator", async () => {
    const { access } = await logIn();
    expect(await ask("GET", "/_emulator/requests", access)).toMatchObject({ status: 401 });
  });

  it("lasts an hour; the refresh token outlives it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { access, id, refresh } = await logIn({ access_type: "offline" });
    vi.setSystemTime(Date.now() + HOUR_MS - 1000);
    expect(await ask("GET", "/v3/grants/me", access)).toMatchObject({ status: 200 });
    vi.setSystemTime(Date.now() + 2000);
    expect(await ask("GET", "/v3/grants/me", access)).toMatchObject(UNAUTHORIZED);
    expect(await ask("GET", "/v3/grants/me/messages", access)).toMatchObject(UNAUTHORIZED);
    expect(await info({ access_token: access })).toMatchObject(INVALID_TOKEN);
    expect(await info({ id_token: id })).toMatchObject(INVALID_TOKEN);
    const { body } = await renew({ refresh_token: refresh, client_secret });
    expect(await ask("GET", "/v3/grants/me", String(body.access_token))).toMatchObject({ status: 200 });
  });

  it("is of no use once its grant is deleted", async () => {
    const other = (await emulator.foreignGrant(2)).id;
    const { access, id, refresh } = await logIn({ access_type: "offline" }, 2);
    await emulator.call("DELETE", `/v3/grants/${other}`);
    expect(await ask("GET", "/v3/grants/me", access)).toMatchObject({ status: 404 });
    expect(await ask("GET", "/v3/grants/me/messages", access)).toMatchObject({ status: 404 });
    expect(await info({ access_token: access })).toMatchObject(INVALID_TOKEN);
    expect(await info({ id_token: id })).toMatchObject(INVALID_TOKEN);
    expect(await renew({ refresh_token: refresh, client_secret })).toMatchObject(INVALID_GRANT);
  });

  it("is given for a grant that was made without a person, too", async () => {
    const { body } = await renew({ grant_type: "client_credentials", grant_id: grantId, client_secret });
    expect(body).not.toHaveProperty("refresh_token");
    expect((await ask("GET", "/v3/grants/me", String(body.access_token))).body.data).toMatchObject({ id: grantId });
    const without = { grant_type: "client_credentials", grant_id: grantId };
    expect(await renew(without)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    const unknown = { grant_type: "client_credentials", grant_id: "nobody", client_secret };
    expect(await renew(unknown)).toMatchObject(INVALID_GRANT);
  });

  it("is bound by no permission of the key", async () => {
    const other = await startEmulator({ deniedPermissions: "grants.read,messages.read" });
    onTestFinished(() => other.close());
    const { access } = await logIn({}, 0, { emulator: other, application });
    for (const path of ["/v3/grants/me", "/v3/grants/me/messages"]) {
      expect(await ask("GET", path, access, undefined, other)).toMatchObject({ status: 200 });
    }
  });
});

describe("A refresh token", () => {
  it("gives access tokens, beside which the earlier ones stay", async () => {
    const { access, refresh } = await logIn({ access_type: "offline" });
    const { status, headers, body } = await renew({ refresh_token: refresh, client_secret });
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(body).toMatchObject({ expires_in: 3600, token_type: "Bearer", grant_id: grantId });
    expect(Object.keys(body).filter((name) => name === "provider" || name === "refresh_token")).toEqual([]);
    expect(body.access_token).not.toBe(access);
    for (const token of [access, String(body.access_token)]) {
      expect(await ask("GET", "/v3/grants/me", token)).toMatchObject({ status: 200 });
    }
  });

  it.each<[string, (tokens: LoggedIn) => Query, string]>([
    ["an unknown one", () => ({ refresh_token: "made-up", client_secret }), "invalid_grant"],
    ["an access token", ({ access }) => ({ refresh_token: access, client_secret }), "invalid_grant"],
    ["none", () => ({ client_secret }), "invalid_request"],
    ["no key", ({ refresh }) => ({ refresh_token: refresh }), "invalid_request"],
    ["a wrong key", ({ refresh }) => ({ refresh_token: refresh, client_secret: "nyk_x" }), "invalid_client"],
    [
      "another application",
      ({ refresh }) => ({ refresh_token: refresh, client_secret, client_id: "other" }),
      "invalid_client",
    ],
  ])("is refused: %s", async (_, fields, error) => {
    const tokens = await logIn({ access_type: "offline" });
    expect(await renew(fields(tokens))).toMatchObject({ status: 400, body: { error } });
  });
});

describe("Revoking", () => {
  it.each(["access", "refresh"] as const)("the %s token ends its log-in, and no other one", async (kind) => {
    const [tokens, other] = [await logIn({ access_type: "offline" }), await logIn({ access_type: "offline" })];
    const child = String((await renew({ refresh_token: tokens.refresh, client_secret })).body.access_token);
    expect(await revoke(tokens[kind])).toMatchObject({ status: 200 });
    for (const token of [tokens.access, child]) {
      expect(await ask("GET", "/v3/grants/me", token)).toMatchObject(UNAUTHORIZED);
      expect(await info({ access_token: token })).toMatchObject(INVALID_TOKEN);
    }
    expect(await renew({ refresh_token: tokens.refresh, client_secret })).toMatchObject(INVALID_GRANT);
    expect(await revoke(tokens[kind])).toMatchObject(INVALID_TOKEN);
    expect(await ask("GET", "/v3/grants/me", other.access)).toMatchObject({ status: 200 });
    expect(await renew({ refresh_token: other.refresh, client_secret })).toMatchObject({ status: 200 });
    expect((await emulator.grantOf(emulator.user(0).username)).grant_status).toBe("valid");
  });

  it("works with the token itself, as a client without a key does it", async () => {
    const { access } = await logIn();
    expect(await revoke(access, access)).toMatchObject({ status: 200 });
    expect(await revoke(access, access)).toMatchObject(UNAUTHORIZED_FLAT);
    expect(await revoke("made-up", null)).toMatchObject(UNAUTHORIZED_FLAT);
  });

  it("needs a token", async () => {
    expect(await ask("POST", "/v3/connect/revoke", client_secret)).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
  });
});

describe("The information on a token", () => {
  it("is the same for an access token and its ID token, and what that says of itself", async () => {
    const { access, id } = await logIn();
    const { body } = await info({ access_token: access });
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: emulator.emulator.applicationId, sub: grantId, email: emulator.user(0).username };
    expect(body.data).toMatchObject({ iss: "https://nylas.com", ...claims });
    // What a client reads in the token.
    const { iat, exp } = payloadOf(id) as { iat: number; exp: number };
    expect(now - iat).toBeLessThan(60);
    expect(exp - iat).toBe(3600);
    expect((await info({ id_token: id })).body.data).toEqual(payloadOf(id));
    expect(await info({ id_token: id }, access)).toMatchObject({ status: 200 });
  });

  it.each(["with another content", "without a signature", "that is none"])(
    "is not given of an ID token %s",
    async (how) => {
      const [header, , signature] = (await logIn()).id.split(".");
      const other = Buffer.from(JSON.stringify({ sub: grantId, iat: 4_000_000_000 })).toString("base64url");
      const tokens = new Map([
        ["with another content", `${header}.${other}.${signature}`],
        ["without a signature", `${header}.${other}.`],
        ["that is none", "made-up"],
      ]);
      expect(await info({ id_token: present(tokens.get(how)) })).toMatchObject(INVALID_TOKEN);
    },
  );

  it("needs a token, and one that is valid or a key", async () => {
    expect(await info({})).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    expect(await info({ access_token: (await logIn()).access }, "made-up")).toMatchObject({ status: 200 });
    expect(await info({ access_token: "made-up" }, "made-up")).toMatchObject(UNAUTHORIZED_FLAT);
    expect(await info({}, "made-up")).toMatchObject(UNAUTHORIZED_FLAT);
  });
});

describe("Tokens", () => {
  it("are not in the request log, wherever a client puts them", async () => {
    const { access, refresh, id } = await logIn({ access_type: "offline" });
    for (const token of [access, refresh, id]) {
      await ask("GET", `/v3/grants/${token}/messages?q=${token}&${token}=1&access_token=${token}`, client_secret);
    }
    await revoke(access);
    const log = JSON.stringify(await emulator.requests());
    for (const token of [access, refresh, id]) expect(log).not.toContain(token);
  });

  it("do not outlive a restart, unlike the grant that they are for", async () => {
    const state = join(mkdtempSync(join(tmpdir(), "tokens-")), "state.json");
    const first = await TestEmulator.start({ state });
    await connectImap(first);
    const tokens = await logIn({ access_type: "offline" }, 0, { emulator: first, application });
    await first.close();
    const second = await TestEmulator.start({ state });
    onTestFinished(() => second.close());
    expect(await second.grants()).toHaveLength(1);
    expect(await ask("GET", "/v3/grants/me", tokens.access, undefined, second)).toMatchObject(UNAUTHORIZED);
    const fields = { refresh_token: tokens.refresh, client_secret: second.emulator.apiKey };
    expect(await renew(fields, { emulator: second, application })).toMatchObject(INVALID_GRANT);
  });

  it("are bounded: the oldest ones are forgotten", () => {
    const tokens = new Tokens();
    const first = tokens.issue("a grant", true);
    const issued = Array.from({ length: MAX_REFRESH_TOKENS }, () => tokens.issue("a grant", true));
    expect(tokens.refresh(present(first.refreshToken))).toBeUndefined();
    const second = present(issued[0]);
    expect(tokens.infoOf(second.accessToken)).toBeDefined();
    for (let count = 0; count < MAX_ACCESS_TOKENS; count++) tokens.refresh(present(second.refreshToken));
    expect(tokens.infoOf(second.accessToken)).toBeUndefined();
    expect(tokens.refresh(present(second.refreshToken))).toBeDefined();
  });
});

interface LoggedIn {
  body: Record<string, unknown>;
  access: string;
  /** Empty without `access_type=offline`. */
  refresh: string;
  id: string;
}

/** A person goes through the form, and the application exchanges the code. */
async function logIn(query: Query = {}, user = 0, at = ends): Promise<LoggedIn> {
  const code = await codeOf(at, user, query);
  const { body } = await exchange(at, { code, client_secret: at.emulator.emulator.apiKey });
  const [access = "", refresh = "", id = ""] = ["access_token", "refresh_token", "id_token"].map((name) =>
    String(body[name] ?? ""),
  );
  return { body, access, refresh, id };
}

function renew(fields: Query, at = ends): ReturnType<typeof exchange> {
  return exchange(at, { grant_type: "refresh_token", redirect_uri: undefined, ...fields });
}

function revoke(token: string, bearer: string | null = client_secret): Promise<Asked> {
  return ask("POST", `/v3/connect/revoke?${new URLSearchParams({ token })}`, bearer);
}

function info(query: Query, bearer = client_secret): Promise<Asked> {
  return ask("GET", `/v3/connect/tokeninfo?${new URLSearchParams(query)}`, bearer);
}

interface Asked {
  status: number;
  body: Record<string, unknown>;
}

async function ask(method: string, path: string, bearer: string | null, json?: unknown, at = emulator): Promise<Asked> {
  const answer = await fetch(`${at.emulator.apiUri}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** The claims of a JSON web token. */
function payloadOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}

function closedRoutes(): string[] {
  return emulatorRoutes()
    .filter(({ path }) => path.startsWith("/v3/") && path !== "/v3/grants/me")
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => ![...OF_TOKENS, ...PUBLIC].includes(route));
}
