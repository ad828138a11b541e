import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectorLifecycle } from "../../provider/src/core/connector/lifecycle.js";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import { type Run, runFor } from "../../provider/src/core/session.js";
import { readSettings } from "../../provider/src/settings.js";
import { present } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { APPLICATION, type HostileServer, startHostileServer } from "../support/hostile-server.js";

/** An entry of the list. All but one are of other providers, which hold no IMAP connector back. */
interface Entry {
  id: string;
  provider: string;
  email: string;
  created_at: number;
}

/** How the list misbehaves. Each sees the number of the list's request, from 1. */
interface Misbehaviour {
  /** Grants that the request is answered from. */
  entries?: (request: number, entries: readonly Entry[]) => readonly Entry[];
  /** What becomes of the page. */
  page?: (page: readonly Entry[], request: number) => readonly Entry[];
}

let server: HostileServer;
let run: Run;
let entries: Entry[];
let misbehaviour: Misbehaviour;
let listed: number;

const OPS = "ops@example.test";
const NOT_FOUND = { error: { type: "api.not_found_error", message: "not found" } };

beforeEach(async () => {
  listed = 0;
  misbehaviour = {};
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.stubEnv("PULUMI_HOME", "/nonexistent");
  server = await startHostileServer((request, response) => {
    const url = new URL(request.url ?? "/", server.uri);
    const [status, body] = answer(`${request.method}`, url);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ request_id: "r-1", ...body }));
  });
  const env = {
    NYLAS_API_KEY: `nyk_list_${randomUUID()}`,
    NYLAS_API_URI: server.uri,
    NYLAS_REQUESTS_PER_SECOND: "1000",
  };
  run = runFor(
    readSettings("nylas", () => undefined, env),
    here(),
  );
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await server.close();
});

function answer(method: string, url: URL): [number, object] {
  if (url.pathname === "/v3/connectors/imap") return [200, method === "DELETE" ? {} : { data: { provider: "imap" } }];
  if (method !== "GET") return [400, NOT_FOUND];
  if (url.pathname !== "/v3/grants") return [404, NOT_FOUND];
  listed += 1;
  const { entries: seen = (_request, all) => all, page = (all) => all } = misbehaviour;
  const offset = Number(url.searchParams.get("offset"));
  const limit = Number(url.searchParams.get("limit"));
  return [200, { data: page(seen(listed, entries).slice(offset, offset + limit), listed), limit, offset }];
}

/** So many grants of Google's, and the one of ops at `place`. */
function grantsWithOpsAt(place: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index === place ? "ops" : `g${index}`,
    provider: index === place ? "imap" : "google",
    email: index === place ? OPS : `g${index}@example.test`,
    created_at: 1_700_000_000 + index,
  }));
}

const PROPS = { provider: "imap", applicationId: APPLICATION.application_id };
const deleteConnector = () => present(connectorLifecycle.delete)(run, "imap", PROPS);
const deletions = () => server.requests.filter((request) => request.startsWith("DELETE"));

const capped = (page: readonly Entry[]) => page.slice(0, 50);

const LISTS: [string, () => void][] = [
  [
    "a deletion between two pages moves it to one that was read",
    () => {
      entries = grantsWithOpsAt(200, 201);
      misbehaviour = { entries: (request, all) => (request === 1 ? all : all.slice(1)) };
    },
  ],
  [
    "many deletions between two pages move it to one that was read",
    () => {
      entries = grantsWithOpsAt(220, 260);
      misbehaviour = { entries: (request, all) => (request === 1 ? all : all.slice(40)) };
    },
  ],
  [
    "deletions go on between all pages of the first two readings",
    () => {
      entries = grantsWithOpsAt(599, 600);
      misbehaviour = { entries: (request, all) => all.slice(Math.min(request, 8) * 10) };
    },
  ],
  [
    "it follows a page that has 199 of 200 grants",
    () => {
      entries = grantsWithOpsAt(205, 210);
      misbehaviour = { page: (page) => page.filter(({ id }) => id !== "g7") };
    },
  ],
  [
    "the server has pages of 50 whatever it says",
    () => {
      entries = grantsWithOpsAt(120, 130);
      misbehaviour = { page: capped };
    },
  ],
  [
    "the server has pages of 50, and grants are deleted meanwhile",
    () => {
      entries = grantsWithOpsAt(120, 130);
      misbehaviour = { page: capped, entries: (request, all) => all.slice(request) };
    },
  ],
  [
    "the first reading does not show it",
    () => {
      entries = grantsWithOpsAt(1, 3);
      misbehaviour = { entries: (request, all) => (request <= 2 ? all.filter(({ id }) => id !== "ops") : all) };
    },
  ],
];

describe.each(LISTS)("a grant that the list shows late, because %s,", (_name, arrange) => {
  beforeEach(arrange);

  it("keeps the connector", async () => {
    const error = await failure(deleteConnector());
    expect(error.code).toBe("connector_in_use");
    expect(error.message).toContain(`ops (${OPS}`);
    expect(deletions()).toEqual([]);
  });

  it("is found by its address", async () => {
    expect(await run.directory.byEmail(OPS)).toMatchObject({ id: "ops" });
  });

  it("is not dropped, whatever is answered for its id", async () => {
    const props = { imapUsername: OPS, email: OPS, grantId: "ops", applicationId: APPLICATION.application_id };
    const read = present(grantLifecycle.read)(run, "ops", { ...props, createdAt: "2023-11-14T00:00:00.000Z" });
    expect(await read).toMatchObject({ outs: { grantId: "ops" } });
  });
});

describe("a list", () => {
  it("that says the same twice lets the connector go", async () => {
    entries = grantsWithOpsAt(-1, 250);
    await deleteConnector();
    expect(deletions()).toEqual(["DELETE /v3/connectors/imap"]);
    // Two readings of two pages, and one request each for the end.
    expect(listed).toBe(6);
  });

  it("to which grants are added meanwhile is no other one", async () => {
    entries = grantsWithOpsAt(-1, 3);
    const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
    const add = (index: number): Entry => ({
      id: `new${index}`,
      provider: "google",
      email: `new${index}@example.test`,
      created_at: inAnHour + index,
    });
    misbehaviour = {
      entries: (request, all) => [...all, ...Array.from({ length: request }, (_, index) => add(index))],
    };
    await deleteConnector();
    expect(deletions()).toHaveLength(1);
  });

  it("that shows other grants each time lets nothing go", async () => {
    entries = grantsWithOpsAt(-1, 100);
    misbehaviour = { entries: (request, all) => all.filter((_, index) => index % 7 === request % 7 || index === 99) };
    const error = await failure(deleteConnector());
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.message).toContain("the list is not complete");
    expect(deletions()).toEqual([]);
  });

  it("without its envelope is not an empty one", async () => {
    entries = [];
    const original = misbehaviour;
    misbehaviour = { ...original, page: () => Object.assign([], { toJSON: () => undefined }) };
    expect(await failure(deleteConnector())).toMatchObject({ code: "unexpected_response" });
    expect(deletions()).toEqual([]);
  });
});
