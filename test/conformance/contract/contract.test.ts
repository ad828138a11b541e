import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTRACT_DATE } from "../../../emulator/test/register/sources.js";
import { type Checked, createCheck, type Exchange, explain, type Finding } from "./check.ts";
import { CONTRACT_FAULTS, DEVIATIONS, type Deviation } from "./deviations.ts";
import { METHODS, readContract, resolve } from "./document.ts";
import { DESCRIBED_PATHS, factsOf } from "./facts.ts";
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

describe("the facts of the contract", () => {
  it("are of version v3, in OpenAPI 3.1, and say where they are from", () => {
    const { openapi, source } = contract;
    expect({ openapi, version: source.version }).toEqual({ openapi: "3.1.0", version: "v3" });
    expect(URL.canParse(source.address)).toBe(true);
    // The date that the page of answers says.
    expect(source.date).toBe(CONTRACT_DATE);
  });

  it("have what the check reads", () => {
    expect(Object.keys(contract.paths)).toEqual(DESCRIBED_PATHS);
    const operations = Object.values(contract.paths).flatMap((item) => METHODS.flatMap((method) => item[method] ?? []));
    expect(operations.length).toBeGreaterThanOrEqual(DESCRIBED_PATHS.length);
    for (const { responses } of operations)
      expect(Object.keys(responses)).toContainEqual(expect.stringMatching(/^[23]/));
    const references = [...valuesOf(contract, "$ref"), "#/components/schemas/400"];
    expect(references.length).toBeGreaterThan(operations.length);
    for (const $ref of references) expect(resolve<unknown>(contract, { $ref: String($ref) })).toBeTypeOf("object");
  });

  it("have no prose", () => {
    const { source: _, ...facts } = contract;
    expect(prose(facts)).toEqual([]);
    expect(prose({ properties: { title: {} }, items: { title: "Two words" } })).toEqual(["title", "Two words"]);
  });

  it("are made of a document without what it tells people", () => {
    const schema = (kept: object) => ({ description: "To people.", example: "e", title: "T", "x-of": 1, ...kept });
    const parameter = { name: "limit", in: "query", description: "How many.", schema: schema({ maximum: 200 }) };
    const answer = {
      description: "OK.",
      headers: {},
      content: { "application/json": { schema: schema({ type: "null" }) } },
    };
    const described = {
      summary: "S.",
      tags: ["T"],
      responses: { 200: answer, 400: { $ref: "#/components/responses/400" } },
    };
    const paths = Object.fromEntries([...DESCRIBED_PATHS].map((path) => [path, { get: described }]));
    const document = {
      openapi: "3.1.0",
      info: { version: "v3", title: "An API", description: "Long." },
      paths: {
        ...paths,
        "/v3/grants": { description: "All.", parameters: [parameter], post: described },
        "/v3/elsewhere": { parameters: [parameter], put: described },
      },
      components: {
        responses: {
          400: { description: "No.", content: { "application/json": { schema: { $ref: "#/components/schemas/a" } } } },
        },
        schemas: {
          unused: {},
          b: schema({ enum: ["one"] }),
          a: schema({ properties: { description: schema({ type: "string" }), b: { $ref: "#/components/schemas/b" } } }),
        },
      },
    };
    const facts = factsOf(document, { address: "https://api.example.com/", date: "2026-01-01" });
    const responses = {
      200: { content: { "application/json": { schema: { type: "null" } } } },
      400: { $ref: "#/components/responses/400" },
    };
    expect(facts).toEqual({
      source: { address: "https://api.example.com/", version: "v3", date: "2026-01-01" },
      openapi: "3.1.0",
      paths: {
        ...Object.fromEntries(DESCRIBED_PATHS.map((path) => [path, { get: { responses } }])),
        "/v3/grants": {
          parameters: [{ name: "limit", in: "query", schema: { maximum: 200 } }],
          post: { responses },
        },
      },
      components: {
        responses: { 400: { content: { "application/json": { schema: { $ref: "#/components/schemas/a" } } } } },
        schemas: {
          b: { enum: ["one"] },
          a: { properties: { description: { type: "string" }, b: { $ref: "#/components/schemas/b" } } },
        },
      },
      others: { "/v3/elsewhere": ["put"] },
    });
  });

  it("are not made of a document that lacks a path", () => {
    const document = { openapi: "3.1.0", info: { version: "v3" }, paths: {}, components: {} };
    expect(() => factsOf(document, { address: "https://api.example.com/", date: "2026-01-01" })).toThrow(
      "does not have /v3/applications, ",
    );
  });
});

describe("the contract check", () => {
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
      answered("PATCH", "/v3/grants/g1", 204, undefined),
      { keyword: "status", endpoint: "PATCH /v3/grants/{grantId}" },
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
      answered("GET", "/v3/grants/me", 200, single(grant), "text/html; charset=UTF-8"),
      { keyword: "content-type", found: "text/html" },
    ],
    ["no body", answered("GET", "/v3/grants/me", 200, undefined), { keyword: "body", found: "nothing" }],
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

  it("takes a path's own name for it before a parameter", () => {
    const { endpoint } = checkAll(answered("POST", "/v3/grants/g1/messages/send", 200, {}));
    expect(endpoint).toBe("POST /v3/grants/{grant_id}/messages/send");
    expect(check(answered("GET", "/v3/grants/g1/messages/schedules", 200, {}))).toEqual([
      expect.objectContaining({ keyword: "path" }),
    ]);
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
    const { deviations, violations } = checkAll({ ...again, behaviors: { reauthStatus: "200" } });
    expect(deviations).toEqual(["200 for a re-authentication"]);
    expect(violations).toEqual([expect.objectContaining({ place: "/data/blocked", keyword: "type" })]);
    expect(check(again)).toEqual([expect.objectContaining({ keyword: "status" })]);
  });
});

describe("the list of deviations", () => {
  it("gives each one a name of its own and a public source", () => {
    const entries = [...DEVIATIONS, ...CONTRACT_FAULTS];
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
    for (const { source } of entries) {
      expect(source).toMatch(/^(Nylas OpenAPI contract|Nylas documentation|nylas-|nylas\/cli|the emulator's own)/);
    }
  });

  it("names endpoints that the contract has, or says that it has not", () => {
    const declared = Object.entries(contract.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const isOfAbsent = ({ keyword }: Deviation): boolean => keyword === "path" || keyword === "method";
    const absent = DEVIATIONS.filter(isOfAbsent).flatMap(({ endpoints }) => (endpoints === "all" ? [] : endpoints));
    expect(absent.filter((endpoint) => declared.includes(endpoint))).toEqual([]);
    const others = DEVIATIONS.filter((deviation) => !isOfAbsent(deviation));
    for (const { endpoints, name } of others) {
      const unknown = endpoints === "all" ? [] : endpoints.filter((one) => ![...declared, ...absent].includes(one));
      expect(unknown, name).toEqual([]);
    }
  });

  it("mends no fault that the contract does not have", () => {
    const page = { request_id: "r1", data: [] };
    const connector = { provider: "imap" };
    const published = createCheck(contract, [], []);
    expect(published(answered("GET", "/v3/grants/g1/folders", 200, page)).violations).not.toEqual([]);
    expect(published(asked("POST", "/v3/connectors", connector)).violations).not.toEqual([]);
    expect(check(answered("GET", "/v3/grants/g1/folders", 200, page))).toEqual([]);
    expect(check(asked("POST", "/v3/connectors", connector))).toEqual([]);
  });
});

describe("the tap", () => {
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

  it("leaves servers alone that are not emulators", async () => {
    const other = createServer((_, response) => void response.end("{}"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    await (await fetch(`http://127.0.0.1:${address.port}/v3/grants`)).text();
    await new Promise((resolve) => other.close(resolve));
    expect(seen).toHaveLength(1);
  });
});

let checking: ((exchange: Exchange) => Checked) | undefined;

function checkAll(exchange: Exchange): Checked {
  checking ??= createCheck(contract);
  return checking(exchange);
}

function check(exchange: Exchange): Finding[] {
  return checkAll(exchange).violations;
}

/** A request of the client with a valid answer. */
function asked(method: string, url: string, body?: unknown): Exchange {
  const json = { contentType: "application/json", body: Buffer.from(JSON.stringify(failure)) };
  const request = { contentType: json.contentType, body: Buffer.from(body === undefined ? "" : JSON.stringify(body)) };
  const created = { ...json, body: Buffer.from(JSON.stringify(single(grant))) };
  const isCustom = url === "/v3/connect/custom";
  return {
    behaviors: {},
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
    behaviors: {},
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

/** Finds OpenAPI's prose fields, except properties of the same name, and texts that look like sentences. */
function prose(value: unknown, areNames = false): string[] {
  if (typeof value === "string") return /\s/.test(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => [
    ...(!areNames && PEOPLES.test(key) ? [key] : []),
    ...prose(part, key === "properties" && !areNames),
  ]);
}

const PEOPLES = /^(description|summary|title|examples?|tags|externalDocs|x-.*)$/;

/** The values of all fields of this name. */
function valuesOf(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => (key === name ? [part] : valuesOf(part, name)));
}
