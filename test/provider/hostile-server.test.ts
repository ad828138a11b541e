import { execFile } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_BODY_BYTES } from "../../provider/src/nylas/body.js";
import { createClient, type NylasClient } from "../../provider/src/nylas/client.js";
import { deleteConnector, findConnector, renameConnector } from "../../provider/src/nylas/connectors.js";
import { authenticateMailbox, deleteGrant, findGrant } from "../../provider/src/nylas/grants.js";
import { MAX_ATTEMPTS, MAX_LOST_POST_ATTEMPTS } from "../../provider/src/nylas/retry-delay.js";
import { redeemCode } from "../../provider/src/nylas/tokens.js";
import { readSettings } from "../../provider/src/settings.js";
import { allOr } from "../../tools/harness/repetitions.js";
import { present } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { type HostileServer, startHostileServer } from "../support/hostile-server.ts";

const KEY = "nyk_v0_aB3/x+y==Zq9";
const OTHER_KEY = "nyk_v0_from_the_environment";
const PASSWORD = 'p"ss wörd/&?\u200d😀';
const MAILBOX = {
  imapUsername: "ops@example.com",
  imapPassword: PASSWORD,
  imapHost: "imap.example.com",
  imapPort: 993,
};

/** Bodies sent to one process at the same time. */
const ATTACKS = 20;
/** Allowed growth of peak memory during the attacks, in MB. Without a bound on bodies it was 2,700 MB. */
const MAX_GROWTH_MB = 200;

const dist = (file: string) => JSON.stringify(new URL(`../../provider/dist/${file}`, import.meta.url));
/** Runs in a separate process, because maxRSS is a peak since process start. Prints it in kB, after one good answer and at the end. */
const ATTACKED = `
  import { nodeProcess } from ${dist("hosts/node-process.js")};
  import { createClient } from ${dist("nylas/client.js")};
  import { findConnector } from ${dist("nylas/connectors.js")};
  import { findGrant } from ${dist("nylas/grants.js")};
  import { readSettings } from ${dist("settings.js")};
  const host = nodeProcess(() => undefined);
  const client = createClient(readSettings("nylas", host.config, host.env), host);
  await findConnector(client);
  const before = process.resourceUsage().maxRSS;
  const settled = await Promise.allSettled(Array.from({ length: ${ATTACKS} }, () => findGrant(client, "g")));
  const answers = settled.map(({ reason }) => reason?.code);
  console.log(JSON.stringify({ answers, before, after: process.resourceUsage().maxRSS }));`;

let server: HostileServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function clientOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ client: NylasClient; hostile: HostileServer }> {
  const hostile = await startHostileServer(answer);
  server = hostile;
  const configured = (key: string) => (key === "nylas:apiKey" ? KEY : undefined);
  const env = { NYLAS_API_KEY: OTHER_KEY, NYLAS_API_URI: hostile.uri, NYLAS_REQUESTS_PER_SECOND: "1000" };
  return { client: createClient(readSettings("nylas", configured, env), here()), hostile };
}

/** Control and format characters in an error's text, except newlines. */
function actedOn(text: string): string[] {
  return text.replaceAll("\n", "").match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu) ?? [];
}

const CARRIERS: [string, (response: ServerResponse, text: string) => void][] = [
  ["error.message", (response, message) => json(response, 400, refusal({ type: "api.bad", message }))],
  ["error.type", (response, type) => json(response, 400, refusal({ type, message: "no" }))],
  ["error", (response, error) => json(response, 400, refusal(error))],
  [
    "error_description",
    (response, text) => json(response, 400, { ...refusal("bad"), error_description: text, error_code: 400 }),
  ],
  ["a gateway's message", (response, message) => json(response, 400, { error: { type: "x", message } })],
  ["request_id", (response, text) => json(response, 400, { request_id: text, error: { type: "x", message: "no" } })],
];

/** An error in Nylas's envelope. */
function refusal(error: unknown) {
  return { request_id: "r-1", error };
}

const NOT_FOUND = refusal({ type: "api.not_found_error", message: "Resource not found." });

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

describe("text from outside", () => {
  const echoes = [
    KEY,
    OTHER_KEY,
    `Bearer ${KEY}`,
    encodeURIComponent(KEY),
    JSON.stringify(PASSWORD),
    new URLSearchParams({ p: PASSWORD }).toString(),
    PASSWORD.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    Buffer.from(`\0ops@example.com\0${PASSWORD}`).toString("base64"),
    [...KEY].join("\u200b"),
  ];

  it.each(CARRIERS)("shows no secret, line or colour of its own in %s", async (_name, carry) => {
    for (const echo of echoes) {
      const { client } = await clientOf((_request, response) =>
        carry(response, `before ${echo} \u001b[31mred\u0007\n  next:       \u202eevil\u2028${"x".repeat(100_000)}`),
      );
      const error = await failure(authenticateMailbox(client, MAILBOX, undefined));
      await server?.close();
      expect(error.message).toContain("[secret]");
      for (const secret of [KEY, OTHER_KEY, PASSWORD, "nyk_v0_", "aB3", "wörd", "w\\u00f6rd", "w%C3%B6rd"]) {
        expect(error.message).not.toContain(secret);
      }
      expect(actedOn(error.message)).toEqual([]);
      expect(error.message.split("\n").filter((line) => line.startsWith("  next:"))).toHaveLength(1);
      expect(error.message.length).toBeLessThan(1_500);
    }
  });

  it("shows no secret of a header or a status line", async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(400, `refused ${KEY}`, {
        "x-request-id": `id ${OTHER_KEY} ${PASSWORD.replace(/[^ -~]/g, "")}`,
      });
      response.end("<html>");
    });
    const error = await failure(findConnector(client));
    expect(error.answer).toContain('answered HTTP 400 "refused [secret]" without');
    expect(error.requestId).toMatch(/^id \[secret\] /);
  });

  it("keeps the several lines of an error", async () => {
    const { client } = await clientOf((_request, response) =>
      json(response, 400, { request_id: "r-1", error: { type: "api.bad", message: "no\nsuch\tthing" } }),
    );
    const error = await failure(findConnector(client));
    expect(error.message.split("\n")).toEqual([
      'Reading the IMAP connector: Nylas answered "no such thing" (unexpected_response)',
      "  answer:     HTTP 400 api.bad",
      "  request id: r-1",
      expect.stringMatching(/^ {2}next: {7}/),
      expect.stringMatching(/^ {2}more: {7}https:\S+#unexpected_response$/),
    ]);
  });

  it("is cleaned in a notice, whoever prints it", async () => {
    await clientOf(() => {});
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      here().notices.notify(`grant g\u001b[2J\nnylas: forged\u202e of ${KEY} ${"y".repeat(1_000)}`);
      const [line] = printed.mock.calls[0] ?? [];
      expect(line).toMatch(/^nylas: grant g nylas: forged of \[secret\] y+…$/);
      expect(String(line).length).toBeLessThan(520);
    } finally {
      printed.mockRestore();
    }
  });

  it("is cleaned where another application's id is reported", async () => {
    const hostile = await startHostileServer(
      (_request, response) => json(response, 200, { data: { application_id: `a\u001b[31m\nb ${KEY}` } }),
      { application: false },
    );
    server = hostile;
    const env = { NYLAS_API_KEY: KEY, NYLAS_API_URI: hostile.uri, NYLAS_APPLICATION_ID: "mine" };
    const error = await failure(
      createClient(
        readSettings("nylas", () => undefined, env),
        here(),
      ).application(),
    );
    expect(error.code).toBe("wrong_application");
    expect(error.answer).toContain("it belongs to application a b [secret], but");
  });
});

describe("an application", () => {
  it("that cannot be found makes nothing look deleted", async () => {
    const hostile = await startHostileServer((_request, response) => json(response, 404, NOT_FOUND), {
      application: false,
    });
    server = hostile;
    const env = { NYLAS_API_KEY: KEY, NYLAS_API_URI: hostile.uri };
    const client = createClient(
      readSettings("nylas", () => undefined, env),
      here(),
    );
    for (const work of [() => findConnector(client), () => findGrant(client, "g"), () => deleteGrant(client, "g")]) {
      expect(await failure(work())).toMatchObject({ code: "unexpected_response", status: 404 });
    }
    expect(new Set(hostile.requests)).toEqual(new Set(["GET /v3/applications"]));
  });

  it("that denies a call to the key is told apart from one that refuses the key", async () => {
    const { client } = await clientOf((_request, response) =>
      json(response, 403, { request_id: "r-1", error: { type: "api.forbidden", message: "no" } }),
    );
    const error = await failure(deleteGrant(client, "g"));
    expect(error).toMatchObject({ code: "permission_denied", status: 403, operation: "Deleting grant g" });
    expect(error.remedy).toContain("nylas:apiKey");
  });
});

/** What stands between a client and Nylas, and answers in its place. */
const GATEWAYS: [string, (response: ServerResponse, status: number) => void][] = [
  ["a page", (response, status) => response.writeHead(status, { server: "nginx" }).end("<html>no</html>")],
  ["no body", (response, status) => response.writeHead(status).end()],
  ["JSON with a message", (response, status) => json(response, status, { message: "no Route", request_id: "r-1" })],
  ["JSON with an error", (response, status) => json(response, status, { error: { code: status, message: "no" } })],
  ["JSON with a reason", (response, status) => json(response, status, { status, error: "Not Found", path: "/" })],
  ["a list", (response, status) => json(response, status, [NOT_FOUND])],
];

describe.each(GATEWAYS)("a gateway that answers with %s", (_name, answer) => {
  it.each([400, 403, 404, 410])("and %s is not believed", async (status) => {
    const { client, hostile } = await clientOf((_request, response) => answer(response, status));
    for (const work of [
      () => findGrant(client, "g"),
      () => deleteGrant(client, "g"),
      () => findConnector(client),
      () => deleteConnector(client),
      () => authenticateMailbox(client, MAILBOX, undefined),
    ]) {
      const error = await failure(work());
      expect(error).toMatchObject({ code: "unexpected_response", status: undefined });
      expect(error.message).toMatch(/answered HTTP \d+ ".*" without the request_id and error .*: a gateway or proxy/);
      expect(error.remedy).toContain("no gateway or proxy");
    }
    expect(hostile.requests).toHaveLength(5);
  });
});

it("believes Nylas where a grant does not exist", async () => {
  const { client } = await clientOf((_request, response) => json(response, 404, NOT_FOUND));
  expect(await findGrant(client, "g")).toBeUndefined();
  expect(await findConnector(client)).toBeUndefined();
  await deleteGrant(client, "g");
  await deleteConnector(client);
});

it("does not believe half a 404, and asks again", async () => {
  const found = { request_id: "r", data: { id: "g", provider: "imap", created_at: 1 } };
  const { client, hostile } = await clientOf((_request, response) => {
    if (hostile.requests.length > 1) return json(response, 200, found);
    response.writeHead(404, { "content-length": 100 }).write("{");
    setImmediate(() => response.destroy());
  });
  expect(await findGrant(client, "g")).toMatchObject({ id: "g" });
  expect(hostile.requests).toHaveLength(2);
});

describe("success", () => {
  it.each([300, 301, 302, 303, 304, 307, 308, 399])("is not %s", async (status) => {
    const { client, hostile } = await clientOf((_request, response) => {
      response.writeHead(status, { location: "https://elsewhere.example/v3" });
      response.end(status === 304 ? undefined : JSON.stringify({ request_id: "r", data: { provider: "imap" } }));
    });
    for (const work of [() => deleteGrant(client, "g"), () => deleteConnector(client), () => findConnector(client)]) {
      expect(await failure(work())).toMatchObject({ code: "unexpected_response", status });
    }
    expect(hostile.requests).toHaveLength(3);
  });

  it("is not a page of somebody else's", async () => {
    const { client, hostile } = await clientOf((_request, response) => response.end("<html>Please log in</html>"));
    expect(await failure(deleteGrant(client, "g"))).toMatchObject({ code: "unexpected_response", status: 200 });
    expect(hostile.requests).toHaveLength(1);
  });

  it.each([
    ["an error", JSON.stringify(NOT_FOUND)],
    ["an error and the id", JSON.stringify({ request_id: "r", error: "no" })],
    ["no id", "{}"],
    ["nothing", ""],
    ["a list", "[]"],
  ])("of a deletion is not a 200 with %s", async (_name, body) => {
    const { client } = await clientOf((_request, response) => response.end(body));
    for (const work of [() => deleteGrant(client, "g"), () => deleteConnector(client)]) {
      expect(await failure(work())).toMatchObject({ code: "unexpected_response", status: 200 });
    }
  });

  it.each([200, 202, 204])("of a deletion is %s", async (status) => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(status).end(status === 204 ? undefined : '{"request_id":"r"}');
    });
    await deleteGrant(client, "g");
  });
});

describe("a body", () => {
  const zeros = Buffer.alloc(64 * MAX_BODY_BYTES);
  const gzip = gzipSync(zeros);
  /** With the largest windows, which a decoder would allocate. */
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_MAX_WINDOW_BITS, ZSTD_c_windowLog } = constants;
  const brotli = { [BROTLI_PARAM_QUALITY]: 1, [BROTLI_PARAM_LGWIN]: BROTLI_MAX_WINDOW_BITS };
  const zstd = { [ZSTD_c_windowLog]: 27 };
  const NOT_ASKED_FOR = "has a content coding that was not asked for";
  const BOMBS: [string, Buffer, string][] = [
    ["gzip", gzip, "larger than 16 MB"],
    ["gzip, gzip", gzipSync(gzip), NOT_ASKED_FOR],
    ["br", brotliCompressSync(zeros, { params: brotli }), NOT_ASKED_FOR],
    ["zstd", zstdCompressSync(zeros, { params: zstd }), NOT_ASKED_FOR],
  ];
  const values = gzipSync(`[${"{},".repeat(5_000_000)}{}]`);

  function endless(response: ServerResponse, status: number): void {
    const chunk = Buffer.alloc(1 << 16, " ");
    response.writeHead(status, { "content-type": "application/json" });
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  }

  it.each([200, 404, 500])("without end is refused, once, with status %s", async (status) => {
    const { client, hostile } = await clientOf((_request, response) => endless(response, status));
    const error = await failure(findGrant(client, "g"));
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.answer).toContain("larger than 16 MB");
    expect(hostile.requests).toHaveLength(1);
  });

  it.each(BOMBS)("that unpacks without end (%s) is refused, once", async (encoding, body, reason) => {
    const { client, hostile } = await clientOf((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(body);
    });
    const error = await failure(authenticateMailbox(client, MAILBOX, undefined));
    expect(error).toMatchObject({ code: "unexpected_response" });
    expect(error.answer).toContain(reason);
    expect(hostile.requests).toHaveLength(1);
  });

  it("of millions of values is refused, once", async () => {
    const { client, hostile } = await clientOf((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(values);
    });
    expect((await failure(findGrant(client, "g"))).answer).toContain("has more than 500000 values");
    expect(hostile.requests).toHaveLength(1);
  });

  it("is refused before it comes where its length is announced", async () => {
    const { client, hostile } = await clientOf((_request, response) => {
      response.writeHead(200, { "content-length": MAX_BODY_BYTES + 1 }).write("{");
    });
    expect((await failure(findConnector(client))).answer).toContain("larger than 16 MB");
    expect(hostile.requests).toHaveLength(1);
  });

  const MEASURED = allOr(BOMBS, [BOMBS[0], BOMBS[2]].map(present));
  const ATTACKS_ON_MEMORY = [
    ...MEASURED.map(([coding, body]) => [coding, body] as const),
    ["gzip", values] as const,
    ["endless", undefined] as const,
  ];

  it.each(ATTACKS_ON_MEMORY)("costs a bounded amount of memory (%s)", async (attack, bomb) => {
    const { hostile } = await clientOf((request, response) => {
      if (!request.url?.startsWith("/v3/grants/")) json(response, 200, { data: { provider: "imap" } });
      else if (bomb === undefined) endless(response, 200);
      else response.writeHead(200, { "content-encoding": attack }).end(bomb);
    });
    const env = { ...process.env, NYLAS_API_KEY: KEY, NYLAS_API_URI: hostile.uri };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", ATTACKED], {
      env,
    });
    const { answers, before, after } = JSON.parse(stdout);
    expect(answers).toEqual(Array.from({ length: ATTACKS }, () => "unexpected_response"));
    expect((after - before) / 1024, `MB above ${before / 1024} MB`).toBeLessThan(MAX_GROWTH_MB);
  });

  it.each(["gzip", "GZIP", "identity"])("in %s is read", async (coding) => {
    const body = JSON.stringify({ request_id: "r", data: { provider: "imap" } });
    let accepted: unknown;
    const { client } = await clientOf((request, response) => {
      accepted = request.headers["accept-encoding"];
      response.writeHead(200, { "content-encoding": coding }).end(coding === "identity" ? body : gzipSync(body));
    });
    expect(await findConnector(client)).toMatchObject({ provider: "imap" });
    expect(accepted).toBe("gzip");
  });

  it("may be empty in gzip", async () => {
    const { client } = await clientOf((_request, response) =>
      response.writeHead(204, { "content-encoding": "gzip" }).end(),
    );
    await deleteGrant(client, "g");
  });

  it("up to the bound is read", async () => {
    const body = JSON.stringify("x".repeat(MAX_BODY_BYTES - 2));
    const { client } = await clientOf((_request, response) => response.end(body));
    const request = { operation: "Reading", method: "GET", path: "v3/", schema: v.string() } as const;
    expect(await client.request(request)).toHaveLength(MAX_BODY_BYTES - 2);
  });

  const cut = (response: ServerResponse) => {
    response.writeHead(200, { "content-length": 100 }).write('{"data":', () => response.destroy());
  };
  const garbled = (response: ServerResponse) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end("this is not gzip");
  };
  const halved = (response: ServerResponse) => {
    const body = gzipSync('{"request_id":"r","data":{}}');
    response.writeHead(200, { "content-encoding": "gzip" }).end(body.subarray(0, body.length / 2));
  };

  it.each([
    ["breaks off", cut],
    ["does not unpack", garbled],
    ["unpacks in part", halved],
  ])("that %s is asked for again where that is safe", async (_name, answer) => {
    const { client, hostile } = await clientOf((_request, response) => answer(response));
    const code = { clientId: "c", redirectUri: "https://example.com", code: "one-time-code" };
    const count = async (work: Promise<unknown>): Promise<number> => {
      const before = hostile.requests.length;
      await failure(work);
      return hostile.requests.length - before;
    };
    expect(await count(authenticateMailbox(client, MAILBOX, undefined))).toBe(MAX_LOST_POST_ATTEMPTS);
    expect(await count(redeemCode(client, code))).toBe(1);
    const repeated = [findConnector(client), deleteGrant(client, "g"), renameConnector(client, "n")];
    await Promise.all(repeated.map(failure));
    expect(hostile.requests).toHaveLength(MAX_LOST_POST_ATTEMPTS + 1 + repeated.length * MAX_ATTEMPTS);
  });

  it.each(["not json", '{"data":{"provider":', "[]", ""])(
    "that means nothing (%j) is not asked for again",
    async (body) => {
      const { client, hostile } = await clientOf((_request, response) => response.end(body));
      expect(await failure(findConnector(client))).toMatchObject({ code: "unexpected_response", status: 200 });
      expect(hostile.requests).toHaveLength(1);
    },
  );
});

it("a connection that is lost during a login costs one more login at most", async () => {
  const { client, hostile } = await clientOf((request) => request.socket.resetAndDestroy());
  expect(await failure(authenticateMailbox(client, MAILBOX, undefined))).toMatchObject({ code: "nylas_unavailable" });
  expect(hostile.requests).toHaveLength(MAX_LOST_POST_ATTEMPTS);
});
