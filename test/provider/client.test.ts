import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createGrantDirectory } from "../../provider/src/core/grant-directory.js";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { findConnector } from "../../provider/src/nylas/connectors.js";
import { listAllGrants } from "../../provider/src/nylas/grant-list.js";
import { authenticateMailbox, deleteGrant, findGrant } from "../../provider/src/nylas/grants.js";
import { MAX_ATTEMPTS } from "../../provider/src/nylas/retry-delay.js";
import type { Grant } from "../../provider/src/nylas/wire.js";
import { readSettings } from "../../provider/src/settings.js";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { KeyProxy } from "../engine/key-proxy.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";

let emulator: TestEmulator;
let client: NylasClient;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  client = clientWith({});
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  await emulator.forgetRequests();
});

afterEach(() => emulator.close());

function clientWith(env: Record<string, string>): NylasClient {
  return createClient(
    readSettings("nylas", () => undefined, { ...emulator.env, ...env }),
    here(),
  );
}

function mailbox(index = 0, password = emulator.user(index).password) {
  const { username } = emulator.user(index);
  return { imapUsername: username, imapPassword: password, imapHost: emulator.imap.host, imapPort: emulator.imap.port };
}

describe("sending again", () => {
  it.each([
    ["429 with Retry-After", { status: 429, retryAfter: 0 }],
    ["429 without", { status: 429, retryAfter: null }],
    ["503", { status: 503 }],
    ["a reset", { reset: true }],
    ["a body that breaks off", { truncate: true }],
    ["a reset after the work is done", { reset: true, afterEffect: true }],
    ["a gateway that gave up after the work was done", { status: 502, afterEffect: true }],
  ])("after %s ends with one grant", async (_name, fault) => {
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, ...fault });
    await authenticateMailbox(client, mailbox(), "mark");
    expect(await emulator.writes()).toHaveLength(2);
    expect(await emulator.grants()).toHaveLength(1);
  });

  it.each([
    [{ status: 400, truncate: true }, true],
    [{ status: 400 }, false],
    [{ status: 429, retryAfter: 3_600 }, false],
    [{ status: 504 }, true],
  ])("knows whether a login that is answered with %j may have made a grant: %s", async (fault, expected) => {
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", ...fault });
    const error = await failure(authenticateMailbox(client, mailbox(), "mark"));
    expect(error.mayHaveTakenEffect).toBe(expected);
  });

  it("knows that a deletion may have taken effect, though the list that should tell it fails", async () => {
    await authenticateMailbox(client, mailbox(), "mark");
    const [grant] = await emulator.grants();
    const id = present(grant?.id);
    const remove = { method: "DELETE", path: `/v3/grants/${id}` };
    const list = { method: "GET", path: "/v3/grants", status: 400 };
    await emulator.faults({ ...remove, nth: 1, status: 502, afterEffect: true }, { ...remove, status: 403 }, list);
    expect((await failure(deleteGrant(client, id))).mayHaveTakenEffect).toBe(true);
  });

  it.each(["/v3/applications", "/v3/connectors/imap"])(
    "does not wait for ever on a stalled body of %s",
    async (path) => {
      const impatient = clientWith({ NYLAS_TIMEOUT_SECONDS: "1" });
      await emulator.faults({ path, stall: true, afterEffect: true });
      expect(await failure(findConnector(impatient))).toMatchObject({ code: "timeout" });
      expect((await emulator.requests()).at(-1)).toMatchObject({ method: "GET", path, status: 200 });
    },
  );

  it("waits until a date by Nylas's clock, although this machine's is an hour slow", async () => {
    await emulator.putClockAhead(3_600);
    const asked = new Date(Date.now() + 3_600_000 + 2_500);
    await emulator.faults({ path: "/v3/connectors/imap", nth: 1, status: 429, retryAfter: asked.toUTCString() });
    expect(await findConnector(client)).toBeDefined();
    expect(await emulator.requests()).toHaveLength(3);
  });

  it("stops after its attempts, and says so", async () => {
    await emulator.faults({ method: "GET", path: "/v3/connectors/imap", status: 503 });
    const error = await failure(findConnector(client));
    expect(error).toMatchObject({ code: "nylas_unavailable", status: 503 });
    expect(error.message).toContain(`after ${MAX_ATTEMPTS} attempts`);
    expect(await emulator.requests()).toHaveLength(1 + MAX_ATTEMPTS);
  });

  it("stops as well where nothing listens, and names the address", async () => {
    const gone = await TestEmulator.start({ mail: false });
    await gone.close();
    const { apiUri } = gone.emulator;
    const error = await failure(clientWith({ NYLAS_API_URI: apiUri }).application());
    expect(error).toMatchObject({ code: "nylas_unavailable", status: undefined });
    expect(error.message).toContain(`at ${apiUri}`);
    expect(error.message).toContain("nylas:apiUri");
  });

  it("does not happen for a refused password whose answer breaks off", async () => {
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", truncate: true, afterEffect: true });
    const error = await failure(authenticateMailbox(client, mailbox(0, "wrong"), undefined));
    expect(error.status).toBeUndefined();
    expect(await emulator.writes()).toHaveLength(1);
  });

  it("does not happen for a refused password, nor for a mail server that does not answer", async () => {
    const wrong = await failure(authenticateMailbox(client, mailbox(0, "wrong"), undefined));
    expect(wrong.status).toBe(400);
    expect(await emulator.writes()).toHaveLength(1);
    const silent = await failure(authenticateMailbox(client, { ...mailbox(), imapPort: 1 }, undefined));
    expect(silent.code).toBe("provider_not_responding");
    expect(await emulator.writes()).toHaveLength(2);
  });
});

describe("NYLAS_DEBUG=1", () => {
  const shown = async (work: () => Promise<unknown>): Promise<string[]> => {
    const lines = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      await work();
      return lines.mock.calls.map(([line]) => String(line));
    } finally {
      lines.mockRestore();
    }
  };

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("prints one line for each request, and why and how long it waits, without secrets", async () => {
    vi.stubEnv("NYLAS_DEBUG", "1");
    const { password } = emulator.user(0);
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 1, status: 503 });
    const lines = await shown(() => authenticateMailbox(client, mailbox(), "mark"));
    expect(lines).toEqual([
      expect.stringMatching(
        /^nylas: GET \/v3\/applications 200 in \d+ ms, request id [\w-]{36}(, after \d+ ms for requestsPerSecond)?$/,
      ),
      expect.stringMatching(
        /^nylas: POST \/v3\/connect\/custom 503 in \d+ ms, request id [\w-]{36}, (after \d+ ms for requestsPerSecond, )?Nylas answered ".+"$/,
      ),
      expect.stringMatching(/^nylas: waiting \d+ ms before attempt 2: Nylas answered ".+"$/),
      expect.stringMatching(
        /^nylas: POST \/v3\/connect\/custom 20[01] in \d+ ms, request id [\w-]{36}(, after \d+ ms for requestsPerSecond)?$/,
      ),
    ]);
    expect(lines.join("\n")).not.toContain(password);
    expect(lines.join("\n")).not.toContain(emulator.emulator.apiKey);
    // One line for each request that was sent.
    expect(lines.filter((line) => / in \d+ ms/.test(line))).toHaveLength((await emulator.requests()).length);
  });

  it("says how long the rate limiter held a request back", async () => {
    vi.stubEnv("NYLAS_DEBUG", "1");
    const slow = clientWith({ NYLAS_REQUESTS_PER_SECOND: "1" });
    await slow.application();
    // Of two requests at the same time, the limiter holds one back for a second, however busy the machine is.
    const lines = await shown(() => Promise.all([findConnector(slow), findConnector(slow)]));
    const limited =
      /GET \/v3\/connectors\/imap 200 in \d+ ms, request id [\w-]{36}, after (\d+) ms for requestsPerSecond$/;
    const waits = lines.map((line) => Number(limited.exec(line)?.[1] ?? 0));
    expect(waits).toHaveLength(2);
    expect(Math.max(...waits)).toBeGreaterThan(900);
  });

  it("is silent without it", async () => {
    expect(await shown(() => findConnector(client))).toEqual([]);
  });
});

describe("errors", () => {
  it("carry no request, no key and no password, however they are printed", async () => {
    const secret = 'pa"ss wörd';
    const error = await failure(authenticateMailbox(client, mailbox(0, secret), undefined));
    const { inspect } = await import("node:util");
    const printed = `${inspect(error, { depth: 10, showHidden: true })}${JSON.stringify(error)}${error.stack}`;
    expect(printed).not.toContain(secret);
    expect(printed).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(printed).not.toContain(emulator.emulator.apiKey);
    expect(error).not.toHaveProperty("id");
  });

  it("name a time-out, its limit and what to raise", async () => {
    const impatient = clientWith({ NYLAS_TIMEOUT_SECONDS: "1" });
    await emulator.faults({ path: "/v3/applications", delayMs: 3_000 });
    const error = await failure(impatient.application());
    expect(error.code).toBe("timeout");
    expect(error.message).toMatch(/\(1 s\).*nylas:timeoutSeconds/s);
  });

  it("name an answer that is not Nylas's", async () => {
    await emulator.faults({ path: "/v3/applications", status: 200, body: "{}", contentType: "application/json" });
    expect(await failure(client.application())).toMatchObject({ code: "unexpected_response", status: 200 });
  });
});

describe("the key", () => {
  it("is asked for its application once, however many ask", async () => {
    await Promise.all(Array.from({ length: 20 }, () => findConnector(client)));
    const paths = (await emulator.requests()).map(({ path }) => path);
    expect(paths.filter((path) => path === "/v3/applications")).toHaveLength(1);
    expect(paths).toHaveLength(1 + 20);
  });

  it("gives way once to another one from the environment when it is refused", async () => {
    const settings = readSettings("nylas", (key) => (key === "nylas:apiKey" ? "nyk_old" : undefined), emulator.env);
    const rotated = createClient(settings, here());
    await listAllGrants(rotated);
    expect((await emulator.requests()).map(({ status }) => status)).toEqual([401, 200, 200, 200]);
  });

  it("gives way as well when it is not of the application that is configured", async () => {
    const other = await TestEmulator.start();
    const { applicationId } = other.emulator;
    const proxy = await KeyProxy.open(emulator, "nyk_of_another");
    proxy.add("nyk_of_this", other);
    const configured = new Map([
      ["nylas:apiKey", "nyk_of_another"],
      ["nylas:applicationId", applicationId],
    ]);
    const env = { NYLAS_API_KEY: "nyk_of_this", NYLAS_API_URI: proxy.uri };
    const settings = readSettings("nylas", (key) => configured.get(key), env);
    expect(await createClient(settings, here()).application()).toMatchObject({ applicationId });
    const [wrong] = settings.apiKeys;
    expect(await failure(createClient({ ...settings, apiKeys: [wrong] }, here()).application())).toMatchObject({
      code: "wrong_application",
      remedy: expect.not.stringContaining("refresh"),
    });
    await Promise.all([other.close(), proxy.close()]);
  });

  it("that was refused is asked about once for all, and again some seconds later", async () => {
    await emulator.faults({ path: "/v3/applications", status: 401, times: 1 });
    const refusals = await Promise.all([failure(findConnector(client)), failure(listAllGrants(client))]);
    expect(refusals.map(({ code }) => code)).toEqual(["api_key_refused", "api_key_refused"]);
    expect((await failure(findConnector(client))).code).toBe("api_key_refused");
    expect(await emulator.requests()).toHaveLength(1);

    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 11_000);
    expect(await listAllGrants(client)).toEqual([]);
    later.mockRestore();
  });

  it("is asked for again after a failure that may pass", async () => {
    await emulator.faults({ path: "/v3/applications", status: 503, times: MAX_ATTEMPTS });
    expect((await failure(client.application())).code).toBe("nylas_unavailable");
    expect(await client.application()).toMatchObject({ applicationId: emulator.emulator.applicationId });
  });
});

describe("look-ups in an application with 201 grants", () => {
  const users = Array.from({ length: 201 }, (_, index) => ({ username: `box${index}@example.test`, password: "pw" }));
  let grants: Grant[];

  beforeEach(async () => {
    await emulator.close();
    emulator = await TestEmulator.start({ users, mailLogins: false });
    client = clientWith({ NYLAS_REQUESTS_PER_SECOND: "1000" });
    await emulator.call("POST", "/v3/connectors", { provider: "imap" });
    await Promise.all(users.map((_, index) => authenticateMailbox(client, mailbox(index), undefined)));
    grants = await listAllGrants(client);
    await emulator.forgetRequests();
  });

  const pages = async () =>
    (await emulator.requests()).map(({ path, query }) => `${path} ${query.limit} ${query.offset}`);

  it("share pages of 200, and ask by id before they believe a grant gone", async () => {
    const directory = createGrantDirectory(client);
    const found = await Promise.all(users.map(({ username }) => directory.byEmail(username.toUpperCase())));
    expect(new Set(found.map((grant) => grant?.id)).size).toBe(users.length);
    expect(await pages()).toEqual(["/v3/grants 200 0", "/v3/grants 200 200"]);
    await emulator.forgetRequests();
    const nobody = "9e0f4a3e-0000-4000-8000-000000000000";
    expect(await directory.byId(nobody)).toBeUndefined();
    // The list to its end, the grant, and the list again with pages that overlap.
    expect(await pages()).toEqual([
      "/v3/grants 200 201",
      `/v3/grants/${nobody} undefined undefined`,
      "/v3/grants 200 0",
      "/v3/grants 200 180",
      "/v3/grants 200 181",
    ]);
    expect(await directory.byEmail("nobody@example.test")).toBeUndefined();
    expect(await pages()).toHaveLength(5);
  });

  it("by id read the list as far as the page with the grant", async () => {
    const directory = createGrantDirectory(client);
    const firstPage = grants.slice(0, 200);
    expect(await Promise.all(firstPage.map(({ id }) => directory.byId(id)))).toEqual(firstPage);
    expect(await pages()).toEqual(["/v3/grants 200 0"]);
    const last = present(grants.at(-1));
    expect(await directory.byId(last.id)).toEqual(last);
    expect(await pages()).toEqual(["/v3/grants 200 0", "/v3/grants 200 200"]);
  });

  it("by address find a grant that a deletion by others has moved to a page read before", async () => {
    const directory = createGrantDirectory(client);
    const [first, last] = [present(grants[0]), present(grants.at(-1))];
    expect(await directory.byId(first.id)).toEqual(first);
    await emulator.call("DELETE", `/v3/grants/${first.id}`);
    await emulator.forgetRequests();
    expect(await directory.byEmail(present(last.email))).toEqual(last);
    expect(await pages()).toEqual(["/v3/grants 200 200", "/v3/grants 200 0", "/v3/grants 200 180"]);
  });
});

describe("look-ups", () => {
  it("see what the run itself has made and deleted", async () => {
    const directory = createGrantDirectory(client);
    const { username } = emulator.user(0);
    expect(await directory.byEmail(username)).toBeUndefined();
    const grant = await authenticateMailbox(client, mailbox(), undefined);
    directory.enter(grant);
    expect(await directory.byEmail(username)).toEqual(grant);
    directory.remove(grant.id);
    expect(await directory.byEmail(username)).toBeUndefined();
    expect(await findGrant(client, grant.id)).toEqual(grant);
  });
});

it("keeps to its requests per second, whoever asks", async () => {
  const limit = 5;
  const slow = clientWith({ NYLAS_REQUESTS_PER_SECOND: String(limit) });
  await Promise.all(Array.from({ length: 2 * limit + 1 }, () => findConnector(slow)));
  const log: { time: string }[] = await emulator.call("GET", "/_emulator/requests");
  const times = log.map(({ time }) => Date.parse(time)).sort((a, b) => a - b);
  // A late request on a busy machine shortens one interval, but not the span of all requests.
  const leastMs = 1_000 * (Math.ceil(times.length / limit) - 1);
  expect(present(times.at(-1)) - present(times[0])).toBeGreaterThan(leastMs - 500);
});
