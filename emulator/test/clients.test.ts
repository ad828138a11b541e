import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";

/**
 * Requests as Nylas's clients for other languages send them, where they differ from what the Node and Python SDKs send, which
 * tests of their own run.
 */
interface Shape {
  client: string;
  does: string;
  method: string;
  path: string;
  /** None for a request without a key. */
  key?: false;
  headers?: Record<string, string>;
  body?: string;
  status: number;
}

const JSON_TYPE = { "content-type": "application/json" };
const CLI = "Nylas CLI 3.1.28";
const RUBY = "Ruby 6.8.0";

let emulator: TestEmulator;
let grant: string;
/** In place of these words in a path or body. */
let words: Record<string, string>;

beforeAll(async () => {
  emulator = await TestEmulator.start();
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  grant = (await emulator.foreignGrant(0)).id;
  const { applicationId, apiKey } = emulator.emulator;
  const { access_token: token } = await json("POST", "/v3/connect/token", {
    body: JSON.stringify({
      ...{ client_id: applicationId, client_secret: apiKey, grant_type: "client_credentials", grant_id: grant },
    }),
    headers: JSON_TYPE,
  });
  words = { GRANT: grant, TOKEN: String(token), ADDRESS: emulator.user(0).username, APPLICATION: applicationId };
});

afterAll(() => emulator.close());

const SHAPES: readonly Shape[] = [
  { client: CLI, does: "looks whether the API is there", method: "GET", path: "/v3/", key: false, status: 200 },
  { client: CLI, does: "lists grants", method: "GET", path: "/v3/grants?limit=200", status: 200 },
  {
    client: CLI,
    does: "filters grants by a name the API ignores",
    method: "GET",
    path: "/v3/grants?limit=200&status=valid",
    status: 200,
  },
  {
    client: CLI,
    does: "lists the messages of a folder",
    method: "GET",
    path: "/v3/grants/GRANT/messages?in=INBOX&limit=1",
    status: 200,
  },
  {
    client: CLI,
    does: "renames a connector",
    method: "PATCH",
    path: "/v3/connectors/imap",
    headers: JSON_TYPE,
    body: '{"name":"mail"}',
    status: 200,
  },
  { client: CLI, does: "asks for what is not played", method: "GET", path: "/v3/webhooks", status: 501 },
  {
    client: RUBY,
    does: "deletes with a content type and no body",
    method: "DELETE",
    path: "/v3/grants/6e0f4a3e-0000-4000-8000-000000000000",
    headers: JSON_TYPE,
    status: 404,
  },
  {
    client: RUBY,
    does: "detects a provider with a content type and no body",
    method: "POST",
    path: "/v3/providers/detect?email=ADDRESS",
    headers: JSON_TYPE,
    status: 200,
  },
  {
    ...{
      client: "Java 2.18.1 and Kotlin",
      does: "links to a form that demands SMTP settings",
      method: "GET",
      key: false,
      status: 200,
    },
    path: "/v3/connect/auth?client_id=APPLICATION&redirect_uri=http%3A%2F%2Flocalhost&response_type=code&provider=imap&smtp_required=true",
  },
  {
    client: "@nylas/connect 1.2.5",
    does: "asks about its token without a header",
    method: "GET",
    path: "/v3/connect/tokeninfo?access_token=TOKEN",
    key: false,
    headers: { origin: "http://localhost:5173" },
    status: 200,
  },
  {
    client: "A client that adds a charset",
    does: "to its JSON",
    method: "PATCH",
    path: "/v3/connectors/imap",
    headers: { "content-type": "application/json; charset=utf-8" },
    body: '{"name":"mail"}',
    status: 400,
  },
];

describe("a request as another client of Nylas's sends it", () => {
  it.each(SHAPES)("$client $does: $status", async (shape) => {
    const answer = await ask(shape);
    expect(answer.status).toBe(shape.status);
    // Ruby's client does not parse JSON whose content type names a charset.
    const type = shape.path.startsWith("/v3/connect/auth") ? "text/html; charset=UTF-8" : "application/json";
    expect(answer.headers.get("content-type")).toBe(type);
  });
});

describe("every refusal", () => {
  it.each([
    ["an injected fault", { path: "/v3/grants", status: 500 }],
    ["an injected fault after the work", { path: "/v3/grants", afterEffect: true }],
    ["a limit", { path: "/v3/grants", retryAfter: 1 }],
  ])("of %s is JSON without a charset", async (_name, rule) => {
    await emulator.faults(rule);
    const answer = await ask({ method: "GET", path: "/v3/grants" });
    await emulator.call("DELETE", "/_emulator/faults");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toMatchObject({ request_id: expect.any(String), error: { type: expect.any(String) } });
  });
});

function ask({
  method,
  path,
  key,
  headers,
  body,
}: Pick<Shape, "method" | "path" | "key" | "headers" | "body">): Promise<Response> {
  const { apiUri, apiKey } = emulator.emulator;
  const filled = path.replace(/[A-Z]{5,}/g, (word) => encodeURIComponent(words[word] ?? word));
  return fetch(`${apiUri}${filled}`, {
    method,
    headers: { ...(key === false ? {} : { authorization: `Bearer ${apiKey}` }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

async function json(
  method: string,
  path: string,
  request: Pick<Shape, "headers" | "body">,
): Promise<Record<string, unknown>> {
  // Of the token endpoint: an object.
  return (await (await ask({ method, path, ...request })).json()) as Record<string, unknown>;
}
