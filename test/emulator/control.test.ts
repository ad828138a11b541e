import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../support/emulator.js";

const UNKNOWN = "6e0f4a3e-0000-4000-8000-000000000000";

let emulator: TestEmulator;

/** One request as it is answered: nothing is thrown for a refusal. */
function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${emulator.emulator.apiUri}${path}`, {
    method,
    headers: { authorization: `Bearer ${emulator.emulator.apiKey}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function statuses(requests: number, path = "/v3/connectors", of = send): Promise<number[]> {
  const answers = [];
  for (let request = 0; request < requests; request++) {
    const answer = await of("GET", path);
    await answer.text();
    answers.push(answer.status);
  }
  return answers;
}

async function errorOf(answer: Response): Promise<{ type: string; message: string }> {
  const { error } = (await answer.json()) as { error: { type: string; message: string } };
  return error;
}

/** The request that a log-in to a mailbox is. */
function authentication(index: number, password = emulator.user(index).password) {
  const settings = {
    imap_username: emulator.user(index).username,
    imap_password: password,
    imap_host: emulator.imap.host,
    imap_port: emulator.imap.port,
  };
  return { provider: "imap", settings };
}

beforeAll(async () => {
  emulator = await TestEmulator.start({ seed: 11 });
  await emulator.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
});

afterAll(() => emulator.close());

beforeEach(() => emulator.forgetRequests());

afterEach(() => emulator.call("DELETE", "/_emulator/faults"));

describe("the control paths", () => {
  it.each([
    ["GET", "/_emulator/requests"],
    ["DELETE", "/_emulator/requests"],
    ["PUT", "/_emulator/faults"],
    ["DELETE", "/_emulator/faults"],
    ["PUT", "/_emulator/mailboxes/ops@example.test"],
    ["PATCH", `/_emulator/grants/${UNKNOWN}`],
  ])("%s %s takes the API key only", async (method, path) => {
    const answer = await fetch(`${emulator.emulator.apiUri}${path}`, {
      method,
      headers: { authorization: "Bearer another" },
    });
    expect(answer.status).toBe(401);
  });
});

describe("the request log", () => {
  it("names method, path, query, status and time of each request, in their order", async () => {
    const before = Date.now();
    await send("GET", "/v3/grants?limit=2&offset=4");
    await send("GET", `/v3/grants/${UNKNOWN}`);
    await send("PATCH", "/v3/connectors/imap", { name: "mail" });
    const log = await emulator.requests();
    expect(log).toEqual([
      expect.objectContaining({ method: "GET", path: "/v3/grants", query: { limit: "2", offset: "4" }, status: 200 }),
      expect.objectContaining({ method: "GET", path: `/v3/grants/${UNKNOWN}`, query: {}, status: 404 }),
      expect.objectContaining({ method: "PATCH", path: "/v3/connectors/imap", status: 200 }),
    ]);
    for (const { time } of log) {
      expect(new Date(time).toISOString()).toBe(time);
      expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    }
  });

  it("holds what was refused too, and none of its own requests", async () => {
    await fetch(`${emulator.emulator.apiUri}/v3/grants`, { headers: { authorization: "Bearer another" } });
    await send("GET", "/v3/no-such-thing");
    await emulator.requests();
    await emulator.faults();
    expect((await emulator.requests()).map(({ path, status }) => [path, status])).toEqual([
      ["/v3/grants", 401],
      ["/v3/no-such-thing", 404],
    ]);
  });

  it("is empty after DELETE", async () => {
    await send("GET", "/v3/grants");
    await emulator.forgetRequests();
    expect(await emulator.requests()).toEqual([]);
  });

  it("never holds a secret, whatever a request carried", async () => {
    const { username, password } = emulator.user(0);
    const query = new URLSearchParams({
      client_id: emulator.emulator.applicationId,
      redirect_uri: "http://localhost:3000/",
      response_type: "code",
      login_hint: username,
      code_challenge: "the-challenge",
      code_challenge_method: "plain",
    });
    const form = new URLSearchParams({ ...authentication(0).settings, imap_port: String(emulator.imap.port) });
    const login = `${emulator.emulator.apiUri}/v3/connect/auth?${query}`;
    const redirected = await fetch(login, { method: "POST", body: form, redirect: "manual" });
    expect(redirected.status).toBe(303);
    const code = present(new URL(redirected.headers.get("location") ?? "").searchParams.get("code") ?? undefined);
    const exchange = {
      grant_type: "authorization_code",
      client_id: emulator.emulator.applicationId,
      client_secret: emulator.emulator.apiKey,
      redirect_uri: "http://localhost:3000/",
      code,
      code_verifier: "the-challenge",
    };
    expect((await send("POST", "/v3/connect/token", exchange)).status).toBe(200);
    await send("POST", "/v3/connect/custom", authentication(0, "a wrong password"));
    await send("GET", `/v3/connect/token?code=${code}&client_secret=${emulator.emulator.apiKey}&password=${password}`);
    await emulator.setPassword(emulator.user(2).username, "another password");

    const log = JSON.stringify(await emulator.requests());
    for (const secret of [
      password,
      code,
      emulator.emulator.apiKey,
      "the-challenge",
      "a wrong password",
      "another password",
    ]) {
      expect(log.includes(secret)).toBe(false);
      expect(log.includes(encodeURIComponent(secret))).toBe(false);
    }
    expect(log).toContain("/v3/connect/token");
  });
});

describe("a fault", () => {
  it("status: answers it in Nylas's envelope, and performs nothing", async () => {
    await emulator.faults({ method: "POST", path: "/v3/connectors", status: 503 });
    const answer = await send("POST", "/v3/connectors", { provider: "google" });
    expect(answer.status).toBe(503);
    expect(await errorOf(answer)).toMatchObject({ type: "api.internal_error" });
    expect(await emulator.connectors()).toHaveLength(1);
    expect((await emulator.requests())[0]).toMatchObject({ method: "POST", status: 503 });
  });

  it("status 401: looks as a refused key does", async () => {
    await emulator.faults({ path: "/v3/connectors", status: 401 });
    expect(await errorOf(await send("GET", "/v3/connectors"))).toMatchObject({ type: "api.authentication_error" });
  });

  it.each([
    [3, "3"],
    ["Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"],
    [null, null],
  ])("retryAfter %j: answers 429 with that header", async (retryAfter, header) => {
    await emulator.faults({ retryAfter });
    const answer = await send("GET", "/v3/grants");
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe(header);
    expect(await errorOf(answer)).toMatchObject({ type: "api.rate_limit_error" });
  });

  it("retryAfter with another status: that status, with the header", async () => {
    await emulator.faults({ status: 503, retryAfter: 2 });
    const answer = await send("GET", "/v3/grants");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
  });

  it("delayMs: answers late, and rightly", async () => {
    await emulator.faults({ path: "/v3/connectors", delayMs: 120, times: 1 });
    const begin = performance.now();
    expect((await send("GET", "/v3/connectors")).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(115);
    const [slow] = await emulator.requests();
    expect(slow?.durationMs).toBeGreaterThanOrEqual(115);
  });

  it("delayMs with a status: that status, late", async () => {
    await emulator.faults({ delayMs: 60, status: 500 });
    const begin = performance.now();
    expect((await send("GET", "/v3/connectors")).status).toBe(500);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(55);
  });

  it("reset: ends the connection without an answer, and performs nothing", async () => {
    await emulator.faults({ method: "POST", reset: true });
    await expect(send("POST", "/v3/connectors", { provider: "google" })).rejects.toThrow("fetch failed");
    expect(await emulator.connectors()).toHaveLength(1);
    expect((await emulator.requests())[0]).toMatchObject({ method: "POST", status: 0 });
  });

  it("truncate: sends half of an answer", async () => {
    await emulator.faults({ path: "/v3/connectors", truncate: true });
    const answer = await send("GET", "/v3/connectors");
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow("terminated");
  });

  it("afterEffect: the request is performed, and then fails", async () => {
    await emulator.faults({ method: "POST", path: "/v3/connectors", afterEffect: true });
    expect((await send("POST", "/v3/connectors", { provider: "google" })).status).toBe(504);
    expect((await emulator.connectors()).map(({ provider }) => provider).sort()).toEqual(["google", "imap"]);
    await emulator.call("DELETE", "/v3/connectors/google");
  });

  it.each([
    [{ status: 502 }, "502"],
    [{ retryAfter: 1 }, "429"],
    [{ reset: true }, "no answer"],
    [{ truncate: true }, "200, half"],
    [{ delayMs: 5 }, "200"],
  ])("afterEffect with %j: performed, and then %s", async (fault, expected) => {
    await emulator.faults({ method: "DELETE", path: "/v3/connectors/google", ...fault, afterEffect: true });
    await emulator.call("POST", "/v3/connectors", { provider: "google" });
    const outcome = await send("DELETE", "/v3/connectors/google").then(
      (answer) =>
        answer.text().then(
          () => `${answer.status}`,
          () => `${answer.status}, half`,
        ),
      () => "no answer",
    );
    expect(outcome).toBe(expected);
    expect(await emulator.connectors()).toHaveLength(1);
  });

  it("afterEffect on an authentication: the grant is there though the caller was told otherwise", async () => {
    await emulator.faults({ path: "/v3/connect/custom", afterEffect: true, truncate: true, times: 1 });
    const answer = await send("POST", "/v3/connect/custom", authentication(1));
    await expect(answer.text()).rejects.toThrow("terminated");
    expect(await emulator.grantOf(emulator.user(1).username)).toMatchObject({ grant_status: "valid" });
  });
});

describe("which requests a fault hits", () => {
  it("nth: that one only", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 2, status: 500 });
    expect(await statuses(4)).toEqual([200, 500, 200, 200]);
  });

  it("nth with times: from that one on, so often", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 2, times: 2, status: 500 });
    expect(await statuses(5)).toEqual([200, 500, 500, 200, 200]);
  });

  it("times: so often", async () => {
    await emulator.faults({ status: 500, times: 1 });
    expect(await statuses(2)).toEqual([500, 200]);
  });

  it("every one when nothing is said, until DELETE", async () => {
    await emulator.faults({ status: 500 });
    expect(await statuses(2)).toEqual([500, 500]);
    await emulator.call("DELETE", "/_emulator/faults");
    expect(await statuses(1)).toEqual([200]);
  });

  it("method and path, where * stands for anything", async () => {
    await emulator.faults({ method: "get", path: "/v3/grants/*", status: 500 });
    expect(await statuses(1, "/v3/grants")).toEqual([200]);
    expect(await statuses(1, `/v3/grants/${UNKNOWN}`)).toEqual([500]);
    expect(await statuses(1, `/v3/grants/${UNKNOWN}/messages?limit=1`)).toEqual([500]);
    expect((await send("DELETE", `/v3/grants/${UNKNOWN}`)).status).toBe(404);
  });

  it("the first rule that fires decides, each counts for itself, and PUT replaces them all", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 1, status: 500 }, { path: "*", nth: 2, status: 502 });
    expect(await statuses(3)).toEqual([500, 502, 200]);
    await emulator.faults({ nth: 1, status: 503 });
    expect(await statuses(2)).toEqual([503, 200]);
  });

  it("probability 0 and 1: none and all", async () => {
    await emulator.faults({ probability: 0, status: 500 });
    expect(await statuses(5)).toEqual([200, 200, 200, 200, 200]);
    await emulator.faults({ probability: 1, status: 500 });
    expect(await statuses(5)).toEqual([500, 500, 500, 500, 500]);
  });

  it("probability: the same ones for the same seed", async () => {
    const run = async (seed: number) => {
      const other = await TestEmulator.start({ mail: false, seed });
      try {
        await other.faults({ probability: 0.5, status: 500 });
        const get = () => fetch(`${other.emulator.apiUri}/v3/`);
        return await statuses(40, "/v3/", get);
      } finally {
        await other.close();
      }
    };
    const [one, same, different] = await Promise.all([run(3), run(3), run(4)]);
    expect(one).toEqual(same);
    expect(one).not.toEqual(different);
    expect(new Set(one)).toEqual(new Set([200, 500]));
  });

  it.each([
    [{}, "needs one of"],
    [{ status: 99 }, "status"],
    [{ status: "500" }, "status"],
    [{ status: 500, nth: 0 }, "nth"],
    [{ status: 500, probability: 1.5 }, "probability"],
    [{ status: 500, nth: 1, probability: 0.5 }, "exclude"],
    [{ status: 500, oops: true }, "oops"],
    [{ delayMs: -1 }, "delayMs"],
    [{ reset: "yes" }, "reset"],
    [{ retryAfter: true }, "retryAfter"],
  ])("the rule %j is refused, and the earlier ones stay", async (rule, text) => {
    await emulator.faults({ path: "/v3/connectors", status: 418 });
    const answer = await send("PUT", "/_emulator/faults", [{ status: 500 }, rule]);
    expect(answer.status).toBe(400);
    const { message } = await errorOf(answer);
    expect(message).toContain("Rule 1");
    expect(message).toContain(text);
    expect(await statuses(1)).toEqual([418]);
  });

  it("never the control paths", async () => {
    await emulator.faults({ path: "*", reset: true });
    expect((await send("GET", "/_emulator/requests")).status).toBe(200);
  });
});

describe("PUT mailboxes", () => {
  it("changes the password that the mail server takes", async () => {
    const { username, password } = emulator.user(2);
    await emulator.setPassword(username, "first");
    await emulator.setPassword(username, 'sécond 🔑 " \\ {7}');
    expect((await send("POST", "/v3/connect/custom", authentication(2, "first"))).status).toBe(400);
    const grant = await emulator.call<{ id: string }>(
      "POST",
      "/v3/connect/custom",
      authentication(2, 'sécond 🔑 " \\ {7}'),
    );
    await emulator.setPassword(username, password);

    // Nylas notices when it next opens the mailbox.
    expect(await emulator.grantOf(username)).toMatchObject({ grant_status: "valid" });
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(401);
    expect(await emulator.grantOf(username)).toMatchObject({ id: grant.id, grant_status: "invalid" });
  });

  it("adds a mailbox that was not there", async () => {
    const settings = { ...authentication(0).settings, imap_username: "new@example.test", imap_password: "brand new" };
    expect((await send("POST", "/v3/connect/custom", { provider: "imap", settings })).status).toBe(400);
    await emulator.setPassword("new@example.test", "brand new");
    expect((await send("POST", "/v3/connect/custom", { provider: "imap", settings })).status).toBe(201);
  });

  it.each([[{}], [{ password: "" }], [{ password: 7 }], [{ password: "two\r\nlines" }]])("refuses %j", async (body) => {
    const answer = await send("PUT", `/_emulator/mailboxes/${emulator.user(0).username}`, body);
    expect(answer.status).toBe(400);
    expect((await errorOf(answer)).message).toContain("password");
  });

  it("says so when there are no mail servers", async () => {
    const other = await TestEmulator.start({ mail: false });
    try {
      await expect(other.setPassword("ops@example.test", "x")).rejects.toThrow("without --mail");
    } finally {
      await other.close();
    }
  });
});

describe("PATCH grants", () => {
  it("makes a grant invalid, so that its mailbox is closed until it is authenticated again", async () => {
    const grant = await emulator.foreignGrant(0);
    await emulator.setStatus(grant.id, "invalid");
    expect(await emulator.grantOf(emulator.user(0).username)).toMatchObject({ grant_status: "invalid" });
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(401);

    expect(await emulator.foreignGrant(0)).toMatchObject({ id: grant.id, grant_status: "valid" });
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(200);
  });

  it("makes it valid again", async () => {
    const grant = await emulator.foreignGrant(0);
    await emulator.setStatus(grant.id, "invalid");
    await emulator.setStatus(grant.id, "valid");
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(200);
  });

  it("knows no other status and no other grant", async () => {
    const grant = await emulator.foreignGrant(0);
    expect((await send("PATCH", `/_emulator/grants/${grant.id}`, { grant_status: "odd" })).status).toBe(400);
    expect((await send("PATCH", `/_emulator/grants/${UNKNOWN}`, { grant_status: "valid" })).status).toBe(404);
  });
});
