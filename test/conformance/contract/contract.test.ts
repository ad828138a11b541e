import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checked, createCheck, type Exchange, explain, type Finding } from "./check.ts";
import { CONTRACT_FAULTS, DEVIATIONS } from "./deviations.ts";
import { METHODS, readContract } from "./document.ts";
import { emulators } from "./emulators.ts";
import { watch } from "./watch.ts";

const contract = readContract();
const CLIENT = "pulumi-nylas-imap";
const PASSWORD = "a-password-that-nobody-may-read";

const grant = { id: "g1", provider: "imap", scope: [], created_at: 1, grant_status: "valid", email: "ops@example.com" };
const settings = {
  imap_username: "ops@example.com",
  imap_password: PASSWORD,
  imap_host: "imap.example.com",
  imap_port: 993,
};
const failure = { request_id: "r1", error: { type: "api.internal_error", message: "Internal error" } };

it.runIf(contract === undefined)("is skipped: ../shared/reference/nylas-openapi.json is not there", () => {
  expect(contract).toBeUndefined();
});

describe.skipIf(contract === undefined)("the contract check", () => {
  it("holds to version v3 of the contract, in OpenAPI 3.1", () => {
    const { openapi, info, paths } = present(contract);
    expect({ openapi, version: info.version }).toEqual({ openapi: "3.1.0", version: "v3" });
    expect(Object.keys(paths)).toEqual([
      "/v3/applications",
      "/v3/connectors",
      "/v3/connectors/{provider}",
      "/v3/providers/detect",
      "/v3/connect/auth",
      "/v3/connect/token",
      "/v3/connect/custom",
      "/v3/grants",
      "/v3/grants/{grantId}",
      "/v3/grants/{grant_id}/messages",
      "/v3/grants/{grant_id}/messages/send",
      "/v3/grants/{grant_id}/folders",
    ]);
  });

  it("lets through what the contract says", () => {
    expect(check(answered("GET", "/v3/grants/g1", 200, single(grant)))).toEqual([]);
    expect(check(asked("POST", "/v3/connect/custom", { provider: "imap", settings }))).toEqual([]);
    expect(check(asked("GET", "/v3/grants?limit=200&offset=0&sort_by=created_at&order_by=asc"))).toEqual([]);
  });

  const wrongAnswers: [string, Exchange, Partial<Finding>][] = [
    [
      "a field that the contract does not have",
      answered("GET", "/v3/grants/g1", 200, single({ ...grant, mood: "good" })),
      { keyword: "unevaluatedProperties", place: "/data/mood" },
    ],
    [
      "such a field in a list of data",
      answered("GET", "/v3/grants/g1/folders", 200, single([{ id: "INBOX", colour: "red" }])),
      { keyword: "unevaluatedProperties", place: "/data/*/colour" },
    ],
    [
      "such a field beside the data",
      answered("GET", "/v3/grants/g1/messages", 200, { ...single([]), page: 1 }),
      { keyword: "unevaluatedProperties", place: "/page" },
    ],
    [
      "such a field where the contract itself allows no others",
      answered("GET", "/v3/connectors/imap", 200, single({ provider: "imap", name: "imap", id: "c1" })),
      { keyword: "additionalProperties", place: "/data/id" },
    ],
    [
      "a value of a wrong type",
      answered("GET", "/v3/grants/g1", 200, single({ ...grant, created_at: "yesterday" })),
      { keyword: "type", place: "/data/created_at", found: "a value of type string instead of integer" },
    ],
    [
      "a value outside its list",
      answered("GET", "/v3/grants", 200, single([{ ...grant, grant_status: "expired" }])),
      { keyword: "enum", place: "/data/*/grant_status" },
    ],
    [
      "a missing field",
      answered("GET", "/v3/grants/g1", 200, single({ ...grant, id: undefined })),
      { keyword: "required", place: "/data/id" },
    ],
    [
      "an address that is none",
      answered("GET", "/v3/grants/g1/messages", 200, single([{ id: "m1", from: [{ email: "nobody" }] }])),
      { keyword: "format", place: "/data/*/from/*/email" },
    ],
    [
      "a status that is not declared",
      answered("DELETE", "/v3/grants/g1", 204, undefined),
      { keyword: "status", endpoint: "DELETE /v3/grants/{grantId}" },
    ],
    [
      "a refusal without the error envelope",
      answered("GET", "/v3/grants", 503, { error: { type: "api.internal_error" } }),
      { keyword: "required", place: "/request_id" },
    ],
    ["a path that does not exist", answered("GET", "/v3/calendars", 200, single([])), { keyword: "path" }],
    ["a method that does not exist", answered("PUT", "/v3/grants/g1", 200, single(grant)), { keyword: "method" }],
    [
      "another content type",
      answered("GET", "/v3/grants/g1", 200, single(grant), "text/html; charset=UTF-8"),
      { keyword: "content-type", found: "text/html" },
    ],
    ["no body", answered("GET", "/v3/grants/g1", 200, undefined), { keyword: "body", found: "nothing" }],
  ];
  it.each(wrongAnswers)("finds in an answer %s", (_, exchange, finding) => {
    expect(check(exchange)).toEqual([expect.objectContaining({ side: "answer", ...finding })]);
  });

  const wrongRequests: [string, Exchange, Partial<Finding>][] = [
    [
      "a field that the contract does not have",
      asked("POST", "/v3/connect/custom", { provider: "imap", settings: { ...settings, imap_tls: true } }),
      { keyword: "unevaluatedProperties", place: "/settings/imap_tls" },
    ],
    [
      "a value of a wrong type",
      asked("POST", "/v3/connect/custom", { provider: "imap", settings: { ...settings, imap_port: "993" } }),
      { keyword: "type", place: "/settings/imap_port" },
    ],
    [
      "a missing field",
      asked("POST", "/v3/connect/custom", { provider: "imap" }),
      { keyword: "required", place: "/settings" },
    ],
    ["no body", asked("POST", "/v3/connect/custom"), { keyword: "body" }],
    ["a query parameter that does not exist", asked("GET", "/v3/grants?status=valid"), { place: "query.status" }],
    [
      "a query parameter of a wrong type",
      asked("GET", "/v3/grants?limit=many"),
      { keyword: "type", place: "query.limit" },
    ],
    ["a query parameter above its maximum", asked("GET", "/v3/grants/g1/messages?limit=201"), { keyword: "maximum" }],
    ["a query parameter twice", asked("GET", "/v3/grants?limit=1&limit=2"), { keyword: "query", place: "query.limit" }],
    ["a query parameter too few", asked("POST", "/v3/providers/detect"), { place: "query.email", found: "nothing" }],
    [
      "a provider that does not exist",
      asked("GET", "/v3/connectors/pop3"),
      { keyword: "enum", place: "path.provider" },
    ],
    ["a body where none belongs", asked("DELETE", "/v3/grants/g1", {}), { keyword: "content-type" }],
  ];
  it.each(wrongRequests)("finds in a request of the client %s", (_, exchange, finding) => {
    expect(check(exchange)).toEqual([expect.objectContaining({ side: "request", ...finding })]);
  });

  it("holds other clients to nothing", () => {
    const [, wrong] = present(wrongRequests[0]);
    expect(check({ ...wrong, userAgent: "another" })).toEqual([]);
  });

  it("says what it found without saying a value", () => {
    const wrong = { provider: "imap", settings: { ...settings, imap_password: [PASSWORD] } };
    const lines = check(asked("POST", "/v3/connect/custom", wrong)).map(explain);
    expect(lines).toEqual([
      "POST /v3/connect/custom → 201: request of the client, /settings/imap_password: type: found a value of type array instead of string",
    ]);
  });

  it("holds an undeclared status to the schema of the one it stands for, and only where it was asked for", () => {
    const again = answered("POST", "/v3/connect/custom", 200, single({ ...grant, blocked: "no" }));
    const { deviations, violations } = checkAll({ ...again, behaviours: { reauthStatus: "200" } });
    expect(deviations).toEqual(["200 for a re-authentication"]);
    expect(violations).toEqual([expect.objectContaining({ place: "/data/blocked", keyword: "type" })]);
    expect(check(again)).toEqual([expect.objectContaining({ keyword: "status" })]);
  });
});

describe("the list of deviations", () => {
  it("gives each one a name of its own, a reason and a public source", () => {
    const entries = [...DEVIATIONS, ...CONTRACT_FAULTS];
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
    for (const { reason, source } of entries) {
      expect(reason.length).toBeGreaterThan(20);
      expect(source).toMatch(/^(Nylas OpenAPI contract|Nylas documentation|nylas-|nylas\/cli|the emulator's own)/);
    }
  });

  it.skipIf(contract === undefined)("names endpoints that the contract has, or says that it has not", () => {
    const known = Object.entries(present(contract).paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const { endpoints, keyword, name } of DEVIATIONS) {
      if (endpoints === "all" || keyword === "path" || keyword === "method") continue;
      const unknown = endpoints.filter((endpoint) => !known.includes(endpoint));
      expect(name === "the hosted form again" ? [] : unknown, name).toEqual([]);
    }
  });

  it.skipIf(contract === undefined)("mends no fault that the contract does not have", () => {
    const page = { request_id: "r1", data: [] };
    const connector = { provider: "imap" };
    const published = createCheck(present(contract), [], []);
    expect(published(answered("GET", "/v3/grants/g1/folders", 200, page)).violations).not.toEqual([]);
    expect(published(asked("POST", "/v3/connectors", connector)).violations).not.toEqual([]);
    expect(check(answered("GET", "/v3/grants/g1/folders", 200, page))).toEqual([]);
    expect(check(asked("POST", "/v3/connectors", connector))).toEqual([]);
  });
});

describe.skipIf(contract === undefined)("the tap", () => {
  const seen: { exchange: Exchange; whole: boolean }[] = [];
  let cuts = 0;
  let arrived = () => {};
  const server = createServer((request, response) => {
    if (request.url === "/v3/grants/cut") {
      response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
      response.write('{"request_id":', () => response.destroy());
      return;
    }
    request.resume();
    request.once("end", () => {
      response.writeHead(201, { "content-type": "application/json" });
      response.write('{"request_id":"r1",');
      response.end(Buffer.from('"data":{"id":7}}'));
    });
  });
  let unwatch = () => {};
  let uri = "";

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    uri = `http://127.0.0.1:${address.port}`;
    unwatch = watch((port) => (port === address.port ? {} : undefined), {
      exchange: (exchange, whole) => {
        seen.push({ exchange, whole });
        arrived();
      },
      cut: () => {
        cuts += 1;
        arrived();
      },
    });
  });

  afterAll(async () => {
    unwatch();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("catches a server that answers wrongly, with what the client asked", async () => {
    const noted = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const body = JSON.stringify({ provider: "imap", settings: { ...settings, imap_port: "993" } });
    const headers = { "user-agent": CLIENT, "content-type": "application/json" };
    await (await fetch(`${uri}/v3/connect/custom`, { method: "POST", headers, body })).text();
    await noted;
    const [{ exchange, whole } = { exchange: asked("GET", "/"), whole: false }] = seen;
    expect(whole).toBe(true);
    expect(exchange.request.body.toString()).toBe(body);
    expect(exchange.answer.body.toString()).toBe('{"request_id":"r1","data":{"id":7}}');
    const places = checkAll(exchange).violations.map(({ side, place, keyword }) => `${side} ${place} ${keyword}`);
    expect(places).toEqual([
      "request /settings/imap_port type",
      "answer /data/created_at required",
      "answer /data/provider required",
      "answer /data/scope required",
      "answer /data/id type",
    ]);
  });

  it("counts an answer that was cut off", async () => {
    const noted = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await expect(fetch(`${uri}/v3/grants/cut`).then((response) => response.text())).rejects.toThrow();
    await noted;
    expect({ cuts, seen: seen.length }).toEqual({ cuts: 1, seen: 1 });
  });

  it("looks at nothing but the API", async () => {
    await (await fetch(`${uri}/_emulator/requests`)).text();
    expect(seen).toHaveLength(1);
  });

  it("leaves servers alone that are not emulators", () => {
    expect(emulators.size).toBe(0);
  });
});

let checking: ((exchange: Exchange) => Checked) | undefined;

function checkAll(exchange: Exchange): Checked {
  checking ??= createCheck(present(contract));
  return checking(exchange);
}

function check(exchange: Exchange): Finding[] {
  return checkAll(exchange).violations;
}

/** A request of the client, and an answer in which nothing is wrong. */
function asked(method: string, url: string, body?: unknown): Exchange {
  const json = { contentType: "application/json", body: Buffer.from(JSON.stringify(failure)) };
  const request = { contentType: json.contentType, body: Buffer.from(body === undefined ? "" : JSON.stringify(body)) };
  const created = { ...json, body: Buffer.from(JSON.stringify(single(grant))) };
  const isCustom = url === "/v3/connect/custom";
  return {
    behaviours: {},
    method,
    url,
    userAgent: CLIENT,
    request,
    status: isCustom ? 201 : 503,
    answer: isCustom ? created : json,
  };
}

function answered(method: string, url: string, status: number, body: unknown, type = "application/json"): Exchange {
  const text = body === undefined ? "" : JSON.stringify(body);
  return {
    behaviours: {},
    method,
    url,
    userAgent: undefined,
    request: { contentType: undefined, body: Buffer.alloc(0) },
    status,
    answer: { contentType: type, body: Buffer.from(text) },
  };
}

function single(data: unknown): Record<string, unknown> {
  return { request_id: "r1", data };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a value that the test relies on is missing");
  return value;
}
