import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import { createGrantDirectory } from "../../provider/src/core/grant-directory.js";
import { runFor } from "../../provider/src/core/session.js";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { findConnector } from "../../provider/src/nylas/connectors.js";
import { listAllGrants } from "../../provider/src/nylas/grant-list.js";
import { authenticateMailbox, deleteGrant, findGrant, probeMailbox } from "../../provider/src/nylas/grants.js";
import { findProvider } from "../../provider/src/nylas/providers.js";
import { readSettings } from "../../provider/src/settings.js";
import { present } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { APPLICATION, type HostileServer, startHostileServer } from "../support/hostile-server.js";

/** Status and body of an answer. */
type Script = (
  url: URL,
  request: IncomingMessage,
) => { status?: number; data?: unknown; limit?: number; error?: { type: string; message: string } };

const NOT_FOUND = { status: 404, error: { type: "grant.not_found", message: "Grant not found." } };

let server: HostileServer;
let client: NylasClient;
let script: Script;
/** Method and path of each request except the one for the application. */
let requests: string[];
let bodies: string[];
let notices: string[];

beforeEach(async () => {
  requests = [];
  bodies = [];
  notices = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => {
    notices.push(line);
  });
  server = await startHostileServer((request, response, body) => {
    const url = new URL(request.url ?? "/", server.uri);
    requests.push(`${request.method} ${url.pathname}`);
    if (body !== "") bodies.push(body);
    const { status = 200, ...fields } = script(url, request);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ request_id: "r-1", ...fields }));
  });
  // Use a unique key: clients with equal settings share a run, and ports are reused.
  const env = {
    NYLAS_API_KEY: `nyk_hostile_${randomUUID()}`,
    NYLAS_API_URI: server.uri,
    NYLAS_REQUESTS_PER_SECOND: "1000",
  };
  client = createClient(
    readSettings("nylas", () => undefined, env),
    here(),
  );
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

function grant(id: string, change: Record<string, unknown> = {}) {
  return {
    id,
    provider: "imap",
    email: `${id}@example.test`,
    grant_status: "valid",
    created_at: 1_700_000_000,
    ...change,
  };
}

/** Answers a list with these grants, and each of them by its id unless `byId` says otherwise. */
function application(grants: unknown[], byId: Record<string, unknown> = {}): Script {
  return (url) => {
    if (url.pathname === "/v3/grants") return { data: grants.slice(Number(url.searchParams.get("offset"))) };
    const id = url.pathname.split("/")[3] ?? "";
    const data = id in byId ? byId[id] : grants.find((entry) => JSON.stringify(entry ?? null).includes(`"id":"${id}"`));
    return data === undefined ? NOT_FOUND : { data };
  };
}

const mailbox = (imapUsername: string) => ({
  imapUsername,
  imapPassword: "correct horse",
  imapHost: "imap.example.test",
  imapPort: 993,
});

const MALFORMED: [string, unknown][] = [
  ["a date beyond the calendar", grant("foreign", { created_at: 1e300 })],
  ["a date in milliseconds", grant("foreign", { updated_at: 1_700_000_000_000 })],
  ["a date before 1970", grant("foreign", { created_at: -1 })],
  ["a date that is a text", grant("foreign", { created_at: "2026-01-01" })],
  ["no id", { ...grant("foreign"), id: undefined }],
  ["an id that is a path", grant("..")],
  ["an id with a slash", grant("a/b")],
  ["an id that is too long", grant("a".repeat(129))],
  ["no provider", { ...grant("foreign"), provider: undefined }],
  ["no object", null],
];

describe("a list with a grant that cannot be read", () => {
  it.each(MALFORMED)("goes on without it: %s", async (_name, entry) => {
    script = application([grant("first"), entry, grant("last")]);
    const directory = createGrantDirectory(client);
    expect(await directory.byEmail("first@example.test")).toMatchObject({ id: "first" });
    expect(await directory.byId("last")).toMatchObject({ email: "last@example.test" });
    expect(await directory.byEmail("nobody@example.test")).toBeUndefined();
    expect(notices).toEqual([expect.stringMatching(/^nylas: the list of grants: 1 grant is not what .* promises/)]);
  });

  it("says once how many there are, and names the first", async () => {
    const broken = Array.from({ length: 250 }, (_, index) => grant(`broken${index}`, { created_at: null }));
    script = (url) => {
      const offset = Number(url.searchParams.get("offset"));
      return { data: [grant("\u001b[31mred"), ...broken].slice(offset, offset + 200) };
    };
    const directory = createGrantDirectory(client);
    await Promise.all([directory.byEmail("a@example.test"), directory.byEmail("b@example.test")]);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain("251 grants are");
    expect(notices[0]).toContain("one without a valid id: id; broken0: created_at; broken1: created_at; and 248 more");
    expect(notices[0]).not.toContain("red");
    // Two readings of three requests each.
    expect(requests).toEqual(Array.from({ length: 6 }, () => "GET /v3/grants"));
  });

  it("fails who asks for it by its address, with mailbox, id and field", async () => {
    script = application([grant("mine", { email: "Ops@Example.test", created_at: 1e300 })]);
    const error = await failure(createGrantDirectory(client).byEmail("ops@example.test"));
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.message).toMatch(/ops@example\.test.*mine: created_at/);
  });

  it("fails who asks for it by its id", async () => {
    script = application([grant("mine", { created_at: 1e300 })]);
    const error = await failure(createGrantDirectory(client).byId("mine", "ops@example.test"));
    expect(error).toMatchObject({ code: "unexpected_response", operation: "Reading grant mine of ops@example.test" });
    expect(error.message).toContain("data.created_at");
  });

  it("never calls it gone, even where it is answered 404 by its id", async () => {
    script = application([grant("mine", { created_at: 1e300 })], { mine: undefined });
    expect(await failure(createGrantDirectory(client).byId("mine"))).toMatchObject({ code: "unexpected_response" });
  });

  it("finds it by its id where only the list is broken", async () => {
    script = application([grant("mine", { created_at: 1e300 })], { mine: grant("mine") });
    expect(await createGrantDirectory(client).byId("mine")).toMatchObject({ id: "mine" });
  });

  it("is no matter for what the run has made or deleted itself", async () => {
    script = application([grant("mine", { created_at: 1e300 })], { mine: grant("mine") });
    const directory = createGrantDirectory(client);
    directory.enter(present(await findGrant(client, "mine")));
    expect(await directory.byEmail("mine@example.test")).toMatchObject({ id: "mine" });
    script = application([grant("mine", { created_at: 1e300 })], { mine: undefined });
    directory.remove("mine");
    expect(await directory.byEmail("mine@example.test")).toBeUndefined();
    expect(await directory.byId("mine")).toBeUndefined();
  });

  it("is complete only where none of it can be on the IMAP connector", async () => {
    script = application([grant("first"), grant("other", { provider: "google", created_at: 1e300 })]);
    expect(await listAllGrants(client)).toMatchObject([{ id: "first" }]);
    script = application([grant("first"), grant("other", { created_at: 1e300 })]);
    const error = await failure(listAllGrants(client));
    expect(error.code).toBe("unexpected_response");
    expect(error.message).toContain("other: created_at");
  });
});

describe("a resource", () => {
  const inputs = { ...mailbox("ops@example.test"), receiveOnly: true, verify: false, owner: "0a1b" };

  /** Answers as an application with these grants. An authentication creates a valid one. */
  const holding =
    (grants: unknown[]): Script =>
    (url, request) => {
      const created = { email: "ops@example.test", created_at: Math.floor(Date.now() / 1_000) };
      if (request.method === "POST") return { status: 201, data: grant("made", created) };
      return application(grants)(url, request);
    };

  it("is made beside other people's grants that cannot be read", async () => {
    script = holding(MALFORMED.map(([, entry]) => entry));
    expect(await grantLifecycle.create(runFor(client.settings, here()), inputs)).toMatchObject({ id: "made" });
    expect(notices).toHaveLength(1);
  });

  it("is not made where its mailbox has a grant that cannot be read", async () => {
    script = holding([grant("mine", { email: "ops@example.test", created_at: 1e300 })]);
    const error = await failure(grantLifecycle.create(runFor(client.settings, here()), inputs));
    expect(error.message).toMatch(/ops@example\.test.*mine: created_at/);
    expect(requests.filter((request) => request.startsWith("POST"))).toEqual([]);
  });

  it("is not dropped from the state where its own grant cannot be read", async () => {
    script = holding([grant("mine", { email: "ops@example.test", created_at: 1e300 })]);
    const props = { ...inputs, grantId: "mine", email: "ops@example.test", applicationId: APPLICATION.application_id };
    const error = await failure(grantLifecycle.read(runFor(client.settings, here()), "mine", props));
    expect(error).toMatchObject({ code: "unexpected_response", status: 200 });
  });
});

describe("the grant with an owner's mark", () => {
  const isOurs = ({ state }: { state?: string | undefined }) => state === "ours";

  it("is found whatever its address, and as the run knows it", async () => {
    script = application([grant("first", { state: "theirs" }), grant("second", { email: undefined, state: "ours" })]);
    const directory = createGrantDirectory(client);
    expect(await directory.findByState(isOurs)).toMatchObject({ id: "second" });
    directory.enter({ ...present(await directory.byId("second")), state: "theirs" });
    expect(await directory.findByState(isOurs)).toBeUndefined();
  });

  it("is not found when the run has deleted it", async () => {
    script = application([grant("mine", { state: "ours" })]);
    const directory = createGrantDirectory(client);
    directory.remove("mine");
    expect(await directory.findByState(isOurs)).toBeUndefined();
  });

  it("fails the look-up when it cannot be read", async () => {
    script = application([grant("mine", { state: "ours", created_at: 1e300 })]);
    const error = await failure(createGrantDirectory(client).findByState(isOurs));
    expect(error.message).toContain("mine: created_at");
  });
});

describe("a list without an end", () => {
  it("that repeats its first page is an error", async () => {
    script = () => ({ data: Array.from({ length: 200 }, (_, index) => grant(`g${index}`)) });
    const error = await failure(createGrantDirectory(client).byEmail("nobody@example.test"));
    expect(error).toMatchObject({ code: "unexpected_response", operation: "Listing the application's grants" });
    expect(error.message).toContain("page 2 repeats others");
    expect(requests).toHaveLength(2);
  });

  it("that always brings another grant is an error", async () => {
    script = (url) => ({ data: [grant(`g${url.searchParams.get("offset")}`)], limit: 1 });
    const error = await failure(createGrantDirectory(client).byEmail("nobody@example.test"));
    expect(error.message).toContain("does not end after 500 pages");
    expect(requests).toHaveLength(500);
  });

  it("is none where grants of the same second have another order at each request", async () => {
    script = (url) => {
      const offset = Number(url.searchParams.get("offset"));
      const order = offset % 2 === 0 ? ["a", "b", "c"] : ["b", "c", "a"];
      return { data: order.slice(offset, offset + 2).map((id) => grant(id)), limit: 2 };
    };
    expect((await listAllGrants(client)).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });
});

describe("an answer about something else", () => {
  it("is refused for a grant with another id", async () => {
    script = () => ({ data: grant("another") });
    const error = await failure(findGrant(client, "mine"));
    expect(error).toMatchObject({ code: "unexpected_response", operation: "Reading grant mine" });
    expect(error.message).toContain("grant another");
  });

  it("is refused for the authentication of another mailbox", async () => {
    script = () => ({ data: grant("another", { email: "billing@example.test" }) });
    const error = await failure(authenticateMailbox(client, mailbox("ops@example.test"), undefined));
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.message).toMatch(/Authenticating mailbox ops@example\.test.*grant another of another mailbox/);
  });

  it.each([
    ["ops@example.test", "OPS@Example.Test"],
    ["ops@bücher.example", "ops@xn--bcher-kva.example"],
    ["ops@XN--BCHER-KVA.example", "ops@BÜCHER.example"],
    ["ops@example.test", undefined],
    ["ops@example.test", null],
    ["ops", "ops@example.test"],
    ["CORP\\ops", "ops@example.test"],
    ["ops@example.test", "ops"],
  ])("is not one for %s where Nylas says %s", async (username, email) => {
    script = () => ({ data: grant("mine", { email }) });
    expect((await authenticateMailbox(client, mailbox(username), undefined)).id).toBe("mine");
  });

  it("is refused for a date beyond the calendar, with mailbox and operation", async () => {
    script = () => ({ data: grant("mine", { updated_at: 8.7e12 }) });
    const error = await failure(authenticateMailbox(client, mailbox("ops@example.test"), undefined));
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.message).toMatch(
      /Authenticating mailbox ops@example\.test at imap\.example\.test:993.*data\.updated_at/,
    );
  });

  it("is refused for another connector, and for another address's provider", async () => {
    script = () => ({ data: { provider: "google", name: "x", detected: true, email_address: "b@example.test" } });
    expect(await failure(findConnector(client))).toMatchObject({ code: "unexpected_response" });
    expect((await failure(findProvider(client, "a@example.test"))).message).toContain("a@example.test");
    expect(await findProvider(client, "B@example.test")).toEqual({
      detected: true,
      provider: "google",
      type: undefined,
    });
  });
});

it.each(["..", ".", "a/b", "a?limit=1", "", "a".repeat(129), "ops@example.test", "a%2fb"])(
  "the id %j is refused before anything is sent",
  async (id) => {
    script = () => ({ data: grant("mine") });
    for (const work of [findGrant(client, id), deleteGrant(client, id), probeMailbox(client, id, "ops@example.test")]) {
      expect(await failure(work)).toMatchObject({ code: "invalid_input" });
    }
    expect(requests).toEqual([]);
  },
);

describe("a clock that is set during an authentication", () => {
  afterEach(() => vi.useRealTimers());

  it.each([
    ["forward", 86_400_000],
    ["back", -86_400_000],
  ])("%s does not make a foreign grant one of ours", async (_name, jumpMs) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const now = 1_800_000_000;
    const foreign = grant("foreign", { email: "ops@example.test", created_at: now - 3_600, updated_at: now });
    script = (url) => {
      if (url.pathname === "/v3/grants") return { data: [] };
      vi.setSystemTime(Date.now() + jumpMs);
      return { data: foreign };
    };
    const inputs = { ...mailbox("ops@example.test"), receiveOnly: true, verify: false, owner: "0a", stack: "0b" };
    const error = await failure(grantLifecycle.create(runFor(client.settings, here()), inputs));
    expect(error.code).toBe("grant_exists");
    expect(error.message).toContain("it existed before");
    expect(error.message).not.toContain("adopted it once");
    const states = bodies.map((body) => JSON.parse(body).state);
    expect(states.map((state) => String(state).split(":").at(-1))).toEqual(["created", "adopted"]);
  });
});
