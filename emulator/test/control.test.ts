import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCli, stopCli } from "../../tools/harness/emulator-process.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";

const root = join(import.meta.dirname, "../..");
/** How long a condition may take, in milliseconds. */
const PATIENCE_MS = 10_000;
const UNKNOWN = "6e0f4a3e-0000-4000-8000-000000000000";

let emulator: TestEmulator;

/** One request as it is answered: nothing is thrown for a refusal. */
function send(method: string, path: string, body?: unknown, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${emulator.emulator.apiUri}${path}`, {
    method,
    headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
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

function rules(): Promise<Record<string, unknown>[]> {
  return emulator.call("GET", "/_emulator/faults");
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
    ["GET", "/_emulator/faults"],
    ["PUT", "/_emulator/faults"],
    ["DELETE", "/_emulator/faults"],
    ["GET", "/_emulator/behaviors"],
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

  it.each([
    [402, "api.provider_error"],
    [405, "api.invalid_request_error"],
    [409, "api.concurrent_idempotent_request"],
    [410, "api.invalid_request_error"],
    [413, "api.invalid_request_error"],
    [422, "api.provider_error"],
    [502, "api.internal_error"],
    [503, "api.internal_error"],
    [599, "api.internal_error"],
  ])("status %i: has the type that fits, %s", async (status, type) => {
    await emulator.faults({ path: "/v3/connectors", status });
    expect(await errorOf(await send("GET", "/v3/connectors"))).toMatchObject({ type });
  });

  it.each([
    [{ body: "<h1>Bad gateway</h1>" }, 502, "text/html; charset=utf-8"],
    [{ body: "", contentType: "" }, 502, ""],
    [{ status: 503, body: "busy", contentType: "text/plain" }, 503, "text/plain"],
    [{ status: 200, body: "<p>log in to the network</p>" }, 200, "text/html; charset=utf-8"],
    [{ status: 429, body: '"slow down"', contentType: "application/json" }, 429, "application/json"],
  ])("%j: answers this instead of Nylas's envelope", async (fault, status, type) => {
    await emulator.faults({ path: "/v3/connectors", ...fault });
    const answer = await send("GET", "/v3/connectors");
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      status,
      type,
      fault.body,
    ]);
  });

  it("body with afterEffect: performs the request, and then answers that", async () => {
    await emulator.faults({ method: "DELETE", body: "gone", afterEffect: true });
    await emulator.call("POST", "/v3/connectors", { provider: "google" });
    expect(await (await send("DELETE", "/v3/connectors/google")).text()).toBe("gone");
    expect(await emulator.connectors()).toHaveLength(1);
  });

  it("on a token endpoint: answers in OAuth's form, which clients read there", async () => {
    await emulator.faults({ path: "/v3/connect/*", status: 429 });
    for (const path of ["/v3/connect/token", "/v3/connect/revoke"]) {
      const answer = await send("POST", path, {});
      expect([answer.status, await answer.json()]).toEqual([
        429,
        {
          error: "api.rate_limit_error",
          error_description: "Rate limit error.",
          error_uri: expect.any(String),
          error_code: 429,
        },
      ]);
    }
    expect(await errorOf(await send("POST", "/v3/connect/custom", {}))).toMatchObject({ type: "api.rate_limit_error" });
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

  it("truncate with a status: sends half of that refusal", async () => {
    await emulator.faults({ status: 503, retryAfter: 2, truncate: true });
    const answer = await send("GET", "/v3/connectors");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    const chunks: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
    })();
    await expect(reading).rejects.toThrow("terminated");
    expect(Buffer.concat(chunks).length).toBe(Math.ceil(Number(answer.headers.get("content-length")) / 2));
  });

  it.each(["", "x"])("truncate with the body %j: announces more than it sends", async (body) => {
    await emulator.faults({ path: "/v3/connectors", body, truncate: true });
    const answer = await send("GET", "/v3/connectors");
    await expect(answer.text()).rejects.toThrow("terminated");
  });

  it("stall: sends half of an answer, and nothing more until the client hangs up", async () => {
    await emulator.faults({ method: "POST", path: "/v3/connectors", stall: true, afterEffect: true });
    const hangUp = new AbortController();
    const answer = await send("POST", "/v3/connectors", { provider: "google" }, hangUp.signal);
    expect(answer.status).toBe(201);
    const reading = answer.text();
    const first = await Promise.race([reading, emulator.connectors()]);
    expect(first).toHaveLength(2);
    expect(await emulator.requests()).toHaveLength(1);
    hangUp.abort();
    await expect(reading).rejects.toThrow("aborted");
    await until("it is in the log", PATIENCE_MS, async () => (await emulator.requests()).length === 2);
    expect((await emulator.requests())[0]).toMatchObject({ method: "POST", status: 201 });
    await emulator.call("DELETE", "/v3/connectors/google");
  });

  it.each([{ truncate: true }, { stall: true }, { status: 503, truncate: true }])(
    "%j: has the headers of every answer, for a web application too",
    async (fault) => {
      await emulator.putClockAhead(86_400);
      await emulator.faults({ path: "/v3/connectors", ...fault });
      const origin = "http://localhost:3000";
      const { apiUri, apiKey } = emulator.emulator;
      const hangUp = new AbortController();
      const { headers } = await fetch(`${apiUri}/v3/connectors`, {
        headers: { origin, authorization: `Bearer ${apiKey}` },
        signal: hangUp.signal,
      });
      hangUp.abort();
      await emulator.putClockAhead(0);
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(Date.parse(headers.get("date") ?? "") - Date.now()).toBeGreaterThan(86_000_000);
    },
  );

  it("a status that has no body: has none", async () => {
    await emulator.faults({ path: "/v3/connectors", status: 204 });
    const answer = await send("GET", "/v3/connectors");
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
  });

  it("delayMs: does not keep a process alive that has closed its emulator", async () => {
    const program = `
      import { startEmulator } from "nylas-emulator";
      const emulator = await startEmulator();
      const call = (method, path, body) => {
        return fetch(emulator.apiUri + path, { method, headers: { authorization: "Bearer " + emulator.apiKey }, body });
      };
      await call("PUT", "/_emulator/faults", JSON.stringify([{ path: "/v3/grants", delayMs: 600_000 }]));
      const slow = call("GET", "/v3/grants").catch(() => "cut");
      const rules = async () => (await (await call("GET", "/_emulator/faults")).json()).data;
      while ((await rules())[0].matched === 0);
      await emulator.close();
      process.stdout.write(await slow);
    `;
    const args = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 });
    expect(stdout).toBe("cut");
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
  it("nth: hits the request of that number only", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 2, status: 500 });
    expect(await statuses(4)).toEqual([200, 500, 200, 200]);
  });

  it("nth 2 with times 2: hits the second and the third request", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 2, times: 2, status: 500 });
    expect(await statuses(5)).toEqual([200, 500, 500, 200, 200]);
  });

  it("times 1: hits the first request only", async () => {
    await emulator.faults({ status: 500, times: 1 });
    expect(await statuses(2)).toEqual([500, 200]);
  });

  it("times: hits exactly that many of requests that come at once", async () => {
    await emulator.faults({ path: "/v3/connectors", nth: 3, times: 7, status: 500 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => statuses(1)));
    expect(answers.flat().filter((status) => status === 500)).toHaveLength(7);
    expect(await rules()).toMatchObject([{ matched: 40, fired: 7 }]);
  });

  it("GET shows each rule as it was sent, what it has matched, and how often it has fired", async () => {
    const first = { method: "get", path: "/v3/grants*", nth: 2, status: 503, retryAfter: null };
    const second = { probability: 1, delayMs: 1 };
    await emulator.call("PUT", "/_emulator/faults", { rules: [first, second] });
    expect(await rules()).toEqual([
      { ...first, matched: 0, fired: 0 },
      { ...second, matched: 0, fired: 0 },
    ]);
    await statuses(3, "/v3/grants");
    await statuses(2, "/v3/connectors");
    expect(await rules()).toEqual([
      { ...first, matched: 3, fired: 1 },
      { ...second, matched: 5, fired: 4 },
    ]);
    await emulator.call("DELETE", "/_emulator/faults");
    expect(await rules()).toEqual([]);
  });

  it("a rule without conditions hits every request until DELETE", async () => {
    await emulator.faults({ status: 500 });
    expect(await statuses(2)).toEqual([500, 500]);
    await emulator.call("DELETE", "/_emulator/faults");
    expect(await statuses(1)).toEqual([200]);
  });

  it("method and path: hits what fits both, where * stands for anything", async () => {
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

  it("probability 0 hits no request, and 1 every one", async () => {
    await emulator.faults({ probability: 0, status: 500 });
    expect(await statuses(5)).toEqual([200, 200, 200, 200, 200]);
    await emulator.faults({ probability: 1, status: 500 });
    expect(await statuses(5)).toEqual([500, 500, 500, 500, 500]);
  });

  it("probability hits the same requests for the same seed, in any process and after each PUT", async () => {
    const play = async (seed: string): Promise<number[][]> => {
      const cli = startCli("--seed", seed);
      try {
        const { apiUri, apiKey } = await cli.ready();
        const headers = { authorization: `Bearer ${apiKey}` };
        const storm = async (): Promise<number[]> => {
          const body = JSON.stringify([{ probability: 0.5, status: 500 }]);
          await fetch(`${apiUri}/_emulator/faults`, { method: "PUT", headers, body });
          return statuses(40, "/v3/", () => fetch(`${apiUri}/v3/`));
        };
        return [await storm(), await storm()];
      } finally {
        await stopCli(cli);
      }
    };
    const [one, same, different] = await Promise.all([play("3"), play("3"), play("4")]);
    expect(one[0]).toEqual(one[1]);
    expect(one).toEqual(same);
    expect(one[0]).not.toEqual(different[0]);
    expect(new Set(one[0])).toEqual(new Set([200, 500]));
  });

  it("probability without a seed hits other requests after each PUT", async () => {
    const other = await TestEmulator.start({ mail: false });
    try {
      const storm = async (): Promise<number[]> => {
        await other.faults({ probability: 0.5, status: 500 });
        return statuses(60, "/v3/", () => fetch(`${other.emulator.apiUri}/v3/`));
      };
      // Two storms of 60 are alike once in 2^60.
      expect(await storm()).not.toEqual(await storm());
    } finally {
      await other.close();
    }
  });

  it.each([
    [{ status: 200 }, "status 200 is no failure: give the body"],
    [{ status: 302, afterEffect: true }, "status 302 is no failure: give the body"],
    [{ status: 204, body: "x" }, "status 204 and body exclude each other: such an answer has no body."],
    [{ status: 204, truncate: true }, "status 204 and truncate exclude each other"],
    [{ status: 304, stall: true }, "status 304 and stall exclude each other"],
    [{ contentType: "text/html" }, "contentType needs a body."],
    [{ body: 7 }, "body must be a string of at most 65536 characters, not 7."],
    [{ body: "", contentType: "a\r\nb: c" }, "contentType must be a string"],
    [{ reset: true, body: "" }, "reset and body exclude each other"],
    [{}, "needs one of status, retryAfter, body, contentType, delayMs, reset, truncate, stall, afterEffect."],
    [{ path: "/v3/grants", reset: false }, "needs one of"],
    ["storm", 'expected an object, not "storm".'],
    [[], "expected an object, not []."],
    [{ status: 99 }, "status must be a whole number from 200 to 599, not 99."],
    [{ status: "500" }, 'status must be a whole number from 200 to 599, not "500".'],
    [{ status: 500, nth: 0 }, "nth must be a whole number of 1 or more, not 0."],
    [{ status: 500, nth: 1.5 }, "nth must be a whole number of 1 or more, not 1.5."],
    [{ status: 500, times: 0 }, "times must be a whole number of 1 or more, not 0."],
    [{ status: 500, probability: 1.5 }, "probability must be a number from 0 to 1, not 1.5."],
    [{ status: 500, nth: 1, probability: 0.5 }, "nth and probability exclude each other."],
    [{ status: 500, oops: true }, 'there is no field "oops"; a rule has method, path, nth, probability, times, status'],
    [{ delayMs: -1 }, "delayMs must be a whole number from 0 to 600000, not -1."],
    [{ reset: "yes" }, 'reset must be true or false, not "yes".'],
    [{ reset: true, status: 503 }, "reset and status exclude each other"],
    [{ reset: true, truncate: true }, "reset and truncate exclude each other"],
    [{ reset: true, stall: true }, "reset and stall exclude each other"],
    [{ truncate: true, stall: true }, "truncate and stall exclude each other"],
    [{ retryAfter: true }, "retryAfter must be seconds, a date or other plain text, or null, not true."],
    [{ retryAfter: "1\r\nx: y" }, "retryAfter must be"],
    [{ status: 500, method: "FETCH" }, "method must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"],
    [{ status: 500, path: 7 }, "path must be a pattern of at most 512 characters, not 7."],
    [{ status: 500, path: "/v3/grants?limit=1" }, "path must be a pattern below /v3/, without a query"],
    [{ status: 500, path: "/_emulator/requests" }, "path must be a pattern below /v3/"],
    [{ status: 500, path: "http://127.0.0.1/v3/grants" }, "path must be a pattern below /v3/"],
    [{ status: 500, path: "v3/grants" }, "path must be a pattern below /v3/"],
  ])("the rule %j is refused with what was expected, and the earlier ones stay", async (rule, text) => {
    await emulator.faults({ path: "/v3/connectors", status: 418 });
    const answer = await send("PUT", "/_emulator/faults", [{ status: 500 }, rule]);
    expect(answer.status).toBe(400);
    const { message } = await errorOf(answer);
    expect(message).toContain("Rule 1");
    expect(message).toContain(text);
    expect(await statuses(1)).toEqual([418]);
  });

  it.each([[{ rule: [] }], [{ status: 500 }], [Array.from({ length: 101 }, () => ({ status: 500 }))]])(
    "no list of rules: case %#",
    async (body) => {
      const answer = await send("PUT", "/_emulator/faults", body);
      expect(answer.status).toBe(400);
      expect((await errorOf(answer)).message).toBe(
        'Send an array of at most 100 rules, as it is or as {"rules": […]}.',
      );
    },
  );

  it.each([
    ["/v3/*/messages", `/v3/grants/${UNKNOWN}/messages`, true],
    ["/v3/*/folders", `/v3/grants/${UNKNOWN}/messages`, false],
    ["/v3/grants/*", `/v3/grants/${UNKNOWN}/messages`, true],
    ["*/messages*", `/v3/grants/${UNKNOWN}/messages`, true],
    ["*grants*grants*", `/v3/grants/${UNKNOWN}`, false],
    ["/v3/grants/*0/*", `/v3/grants/${UNKNOWN}`, false],
    ["/v3/grant.", "/v3/grants", false],
    ["/v3/grants/a@example.test/*", "/v3/grants/a%40example.test/messages", true],
    ["/v3/grants/a%40example.test/*", "/v3/grants/a@example.test/messages", true],
    ["/v3/grants/50%/messages", "/v3/grants/50%/messages", true],
  ])("the pattern %s and %s: %j", async (path, requested, hit) => {
    await emulator.faults({ path, status: 503 });
    expect((await send("GET", requested)).status === 503).toBe(hit);
  });

  it("a pattern full of stars takes no time", async () => {
    await emulator.faults({ path: "/v3/*a".padEnd(500, "*a"), status: 418 });
    const begin = performance.now();
    await send("GET", `/v3/${"a".repeat(240)}b`);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  it("no rule hits a control path", async () => {
    await emulator.faults({ path: "*", reset: true });
    const { username, password } = emulator.user(1);
    for (const [method, path, body] of [
      ["GET", "/_emulator/requests"],
      ["DELETE", "/_emulator/requests"],
      ["GET", "/_emulator/behaviors"],
      ["PUT", `/_emulator/mailboxes/${username}`, { password }],
      ["GET", "/_emulator/faults"],
      ["PUT", "/_emulator/faults", [{ reset: true }]],
      ["DELETE", "/_emulator/faults"],
    ] as const) {
      expect((await send(method, path, body)).status, `${method} ${path}`).toBe(200);
    }
  });
});

describe("PUT mailboxes", () => {
  it("changes the password that the mail server takes", async () => {
    const { username, password } = emulator.user(2);
    await emulator.setPassword(username, "first");
    await emulator.setPassword(username, 'second " \\ {7}');
    expect((await send("POST", "/v3/connect/custom", authentication(2, "first"))).status).toBe(400);
    const grant = await emulator.call<{ id: string }>(
      "POST",
      "/v3/connect/custom",
      authentication(2, 'second " \\ {7}'),
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

describe("the log", () => {
  it("has each path as it was sent", async () => {
    await emulator.forgetRequests();
    const path = `/v3/grants/one/messages/${encodeURIComponent("<id@example.test>\n")}`;
    await send("GET", `${path}?limit=1`);
    expect((await emulator.requests()).map((request) => request.path)).toEqual([path]);
  });
});

describe("PUT clock", () => {
  it("makes grants older, and dates the answers", async () => {
    await emulator.putClockAhead(0);
    const answer = await send("PUT", "/_emulator/clock", { aheadSeconds: 86_400 });
    expect(answer.status).toBe(200);
    const dated = Date.parse((await send("GET", "/v3/applications")).headers.get("date") ?? "");
    expect(dated - Date.now()).toBeGreaterThan(86_000_000);
    await emulator.putClockAhead(0);
  });

  it("hides no grant when the clock goes back to before it was made", async () => {
    await emulator.putClockAhead(86_400);
    const { id } = await emulator.foreignGrant(0);
    await emulator.putClockAhead(0);
    expect((await send("GET", `/v3/grants/${id}`)).status).toBe(200);
    const listed = await (await send("GET", "/v3/grants")).text();
    expect(listed).toContain(id);
    expect((await send("DELETE", `/v3/grants/${id}`)).status).toBe(200);
  });

  it.each([1.5, "60", 2_000_000_000, null])("refuses %j", async (aheadSeconds) => {
    const answer = await send("PUT", "/_emulator/clock", { aheadSeconds });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("aheadSeconds must be a whole number");
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

  it("makes an invalid grant valid again", async () => {
    const grant = await emulator.foreignGrant(0);
    await emulator.setStatus(grant.id, "invalid");
    await emulator.setStatus(grant.id, "valid");
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(200);
  });

  it("blocks a grant, so that its mailbox is closed until that is lifted", async () => {
    const grant = await emulator.foreignGrant(0);
    await emulator.setBlocked(grant.id, true);
    expect(await emulator.grantOf(emulator.user(0).username)).toMatchObject({ grant_status: "valid", blocked: true });
    for (const path of ["messages", "folders"]) {
      const answer = await send("GET", `/v3/grants/${grant.id}/${path}`);
      expect([answer.status, (await errorOf(answer)).type]).toEqual([423, "api.resource_blocked"]);
    }
    expect(await emulator.foreignGrant(0)).toMatchObject({ id: grant.id, blocked: true });

    await emulator.setBlocked(grant.id, false);
    expect(await emulator.grantOf(emulator.user(0).username)).toMatchObject({ blocked: false });
    expect((await send("GET", `/v3/grants/${grant.id}/messages`)).status).toBe(200);
  });

  it.each([
    [{}, "grant_status or blocked"],
    [{ blocked: "yes" }, "blocked"],
    [{ blocked: true, grant_status: "odd" }, "grant_status"],
  ])("refuses %j", async (body, named) => {
    const grant = await emulator.foreignGrant(0);
    const answer = await send("PATCH", `/_emulator/grants/${grant.id}`, body);
    expect(answer.status).toBe(400);
    expect((await errorOf(answer)).message).toContain(named);
    expect(await emulator.grantOf(emulator.user(0).username)).toMatchObject({ blocked: false });
  });

  it("knows no other status and no other grant", async () => {
    const grant = await emulator.foreignGrant(0);
    expect((await send("PATCH", `/_emulator/grants/${grant.id}`, { grant_status: "odd" })).status).toBe(400);
    expect((await send("PATCH", `/_emulator/grants/${UNKNOWN}`, { grant_status: "valid" })).status).toBe(404);
  });
});

describe("a deeply nested body", () => {
  const nested = (depth: number, open = '{"a":', close = "}") => `${open.repeat(depth)}1${close.repeat(depth)}`;
  const patch = (body: string) =>
    fetch(`${emulator.emulator.apiUri}/v3/connectors/imap`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
      body,
    });

  it.each([
    ["objects", `{"settings":${nested(64)}}`],
    ["lists", `{"settings":{"a":${nested(63, "[", "]")}}}`],
    ["objects without end", `{"settings":${nested(20_000)}}`],
    ["lists without end", nested(1_000_000, "[", "]")],
  ])("is refused more than 64 deep, and harms no later request: %s", async (_, body) => {
    const answer = await patch(body);
    expect(answer.status).toBe(400);
    expect(await errorOf(answer)).toMatchObject({ type: "api.invalid_request_payload" });
    expect((await send("GET", "/v3/connectors/imap")).status).toBe(200);
  });

  it("is taken when it is 64 deep", async () => {
    expect((await patch(`{"settings":${nested(63)}}`)).status).toBe(200);
    expect((await patch('{"settings":{}}')).status).toBe(200);
  });
});

describe("an endpoint that Nylas does not have", () => {
  it.each([
    ["GET", "/v3/no-such-thing"],
    ["GET", `/v3/grants/${UNKNOWN}/no-such-thing`],
    ["DELETE", "/v3/applications"],
    ["PUT", "/_emulator/mailbox"],
  ])("is named with a 404: %s %s", async (method, path) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(404);
    expect(await errorOf(answer)).toEqual({
      type: "api.not_found_error",
      message: `The emulator has no endpoint ${method} ${path}.`,
    });
  });

  it("is quoted in the message up to a bound", async () => {
    const { message } = await errorOf(await send("GET", `/v3/${"x".repeat(4_000)}`));
    expect(message.length).toBeLessThan(200);
  });
});

describe("an endpoint that Nylas has and the emulator does not play", () => {
  it.each([
    ["GET", "/v3/applications/redirect-uris"],
    ["PATCH", "/v3/applications"],
    ["GET", `/v3/grants/${UNKNOWN}/calendars`],
    ["DELETE", `/v3/grants/${UNKNOWN}/threads/${UNKNOWN}`],
    ["POST", `/v3/grants/${UNKNOWN}/folders`],
    ["POST", "/v3/webhooks"],
  ])("is named with a 501, whatever exists: %s %s", async (method, path) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(501);
    expect(await errorOf(answer)).toEqual({
      type: "api.not_implemented",
      message: `The emulator does not play ${method} ${path}, which Nylas has.`,
    });
  });

  it("takes no key less than the endpoints beside it", async () => {
    const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${UNKNOWN}/calendars`);
    expect(answer.status).toBe(401);
  });

  it("leaves the endpoints that are played as they were", async () => {
    expect((await send("GET", `/v3/grants/${UNKNOWN}`)).status).toBe(404);
    expect((await send("GET", `/v3/grants/${UNKNOWN}/messages`)).status).toBe(404);
    expect((await send("POST", `/v3/grants/${UNKNOWN}/messages/send`, {})).status).not.toBe(501);
  });
});
