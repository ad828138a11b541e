import { request } from "node:http";
import { hostname } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCli, stopCli } from "../../../tools/harness/emulator-process.js";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";

const PATHS = [
  "/_emulator/",
  "/_emulator",
  "/_emulator/page.js",
  "/_emulator/ca.pem",
  "/_emulator/overview",
  "/_emulator/requests",
];

let emulator: TestEmulator;
let open: TestEmulator;

/** A request with the API key, and with headers that `fetch` does not set. */
function send(of: TestEmulator, path: string, headers: Record<string, string>, method = "GET"): Promise<number> {
  const { apiUri, apiKey } = of.emulator;
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, apiUri),
      { method, headers: { authorization: `Bearer ${apiKey}`, ...headers } },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.once("error", reject);
    sent.end();
  });
}

function port(): string {
  return new URL(emulator.emulator.apiUri).port;
}

beforeAll(async () => {
  [emulator, open] = await Promise.all([TestEmulator.start({ mail: false }), TestEmulator.start({ host: "0.0.0.0" })]);
});

afterAll(() => Promise.all([emulator?.close(), open?.close()]));

describe("the API, called from a browser", () => {
  const asks = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
  };

  async function preflight(of: TestEmulator, path: string, origin: string): Promise<[number, string | null]> {
    const answer = await fetch(new URL(path, of.emulator.apiUri), { method: "OPTIONS", headers: { origin, ...asks } });
    return [answer.status, answer.headers.get("access-control-allow-origin")];
  }

  it.each(["http://localhost:3000", "https://app.localhost", "http://127.0.0.1:8080", "http://[::1]:1"])(
    "answers an application at %s",
    async (origin) => {
      expect(await preflight(emulator, "/v3/connect/token", origin)).toEqual([204, origin]);
      // Failures as well, so that the application can read them.
      await emulator.faults({ path: "/v3/grants", status: 503, retryAfter: 2, afterEffect: true });
      const { apiUri, apiKey } = emulator.emulator;
      const answer = await fetch(`${apiUri}/v3/grants`, { headers: { origin, authorization: `Bearer ${apiKey}` } });
      await emulator.call("DELETE", "/_emulator/faults");
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([503, origin]);
      expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id");
    },
  );

  it.each(["https://example.com", "http://localhost.example.com", "https://192.0.2.1", "null", "http://a b"])(
    "gives a site at %s no permission",
    async (origin) => {
      expect(await preflight(emulator, "/v3/connect/token", origin)).toEqual([404, null]);
    },
  );

  it("gives nobody permission for the control interface", async () => {
    for (const of of [emulator, open]) {
      const own = new URL(of.emulator.apiUri).origin;
      for (const origin of ["http://localhost:3000", own]) {
        expect((await preflight(of, "/_emulator/requests", origin))[1]).toBeNull();
      }
    }
  });

  it("answers an application in another container where it binds every address", async () => {
    expect(await preflight(open, "/v3/connect/token", "http://app:3000")).toEqual([204, "http://app:3000"]);
    // Such as that of a sandboxed frame, and of a browser's extension.
    for (const origin of ["https://app.example.com", "null", "chrome-extension://abcdefgh"]) {
      expect(await preflight(open, "/v3/connect/token", origin)).toEqual([404, null]);
    }
  });
});

describe("the control interface and its page, bound to the loopback interface", () => {
  it.each(["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "emulator.localhost", "[::1]"])(
    "answer at %s",
    async (name) => {
      expect(await send(emulator, "/_emulator/overview", { host: `${name}:${port()}` })).toBe(200);
    },
  );

  it.each(["rebound.example.com", "localhost.example.com", "127.0.0.1.example.com", "192.0.2.1", "emulator"])(
    "do not answer at %s",
    async (name) => {
      for (const path of PATHS) {
        expect([path, await send(emulator, path, { host: `${name}:${port()}` })]).toEqual([path, 403]);
      }
    },
  );

  it("refuse a Host that is none", async () => {
    expect(await send(emulator, "/_emulator/overview", { host: "a b" })).toBe(400);
  });

  it.each([
    { origin: "http://rebound.example.com" },
    { origin: "null" },
    { origin: "https://127.0.0.1" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
  ])("do not answer a browser that says %j", async (headers) => {
    for (const path of PATHS) expect([path, await send(emulator, path, headers)]).toEqual([path, 403]);
    expect(await send(emulator, "/_emulator/requests", headers, "DELETE")).toBe(403);
    expect(await send(emulator, "/_emulator/faults", headers, "OPTIONS")).toBe(403);
  });

  it("answer their own page and programs", async () => {
    const own = { origin: emulator.emulator.apiUri, "sec-fetch-site": "same-origin" };
    expect(await send(emulator, "/_emulator/faults", own, "DELETE")).toBe(200);
    expect(await send(emulator, "/_emulator/faults", {}, "DELETE")).toBe(200);
  });

  it("leave Nylas's API as it is: applications call it from wherever they are", async () => {
    expect(await send(emulator, "/v3/grants", { origin: "https://app.example.com", host: "nylas.example.com" })).toBe(
      200,
    );
  });
});

describe("the control interface, bound to every interface", () => {
  it.each([
    "127.0.0.1",
    "localhost",
    "192.0.2.1",
    "[2001:db8::1]",
    "nylas-emulator",
    hostname(),
    "host.docker.internal",
  ])("answers at %s", async (name) => {
    expect(await send(open, "/_emulator/overview", { host: `${name}:8025` })).toBe(200);
  });

  it("does not answer at a name that a public name server may have given it, and needs the API key", async () => {
    expect(await send(open, "/_emulator/overview", { host: "rebound.example.com:8025" })).toBe(403);
    expect(await send(open, "/_emulator/overview", { authorization: "Bearer another" })).toBe(401);
  });
});

describe("the page's files", () => {
  it.each(["/_emulator/", "/_emulator/page.css", "/_emulator/page.js"])(
    "%s holds no secret, and says what may act on it",
    async (path) => {
      const { apiUri, apiKey, users } = open.emulator;
      const answer = await fetch(`${apiUri}${path}`);
      expect({ status: answer.status, ...Object.fromEntries(answer.headers) }).toMatchObject({
        status: 200,
        "content-security-policy":
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
      expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      const text = await answer.text();
      for (const secret of [apiKey, ...(users ?? []).map(({ password }) => password)]) {
        expect(text.includes(secret)).toBe(false);
      }
    },
  );

  it("are all that is served without the API key", async () => {
    for (const path of [
      "/_emulator/overview",
      "/_emulator/index.html",
      "/_emulator/tsconfig.json",
      "/_emulator/..%2fpackage.json",
    ]) {
      expect([path, (await fetch(`${open.emulator.apiUri}${path}`)).status]).toEqual([path, 401]);
    }
  });
});

describe("GET /_emulator/overview", () => {
  it("has everything that the page shows, and no secret even where Nylas would show settings", async () => {
    const own = await TestEmulator.start({ behavior: { settingsEcho: "full" } });
    try {
      await own.call("POST", "/v3/connectors", { provider: "imap", name: "mail" });
      const { id, email } = await own.foreignGrant(0);
      const overview = await own.call("GET", "/_emulator/overview");
      expect(overview).toMatchObject({
        applicationId: own.emulator.applicationId,
        connectors: [{ provider: "imap", name: "mail" }],
        grants: [{ id, email, provider: "imap", grant_status: "valid", blocked: false }],
        mail: {
          imap: own.imap,
          smtp: own.smtp,
          mailboxes: own.users.map(({ username }) => ({ username, messages: 0 })),
        },
        faults: [],
        requests: [{ path: "/v3/connect/custom" }, { path: "/v3/connectors" }],
      });
      const text = JSON.stringify(overview);
      for (const { password } of own.users) expect(text.includes(password)).toBe(false);
    } finally {
      await own.close();
    }
  });

  it("has the last fifty requests", async () => {
    for (let count = 0; count < 60; count++) await emulator.call("GET", `/v3/grants?offset=${count}`);
    const { requests }: { requests: { query: Record<string, string> }[] } = await emulator.call(
      "GET",
      "/_emulator/overview",
    );
    expect(requests.map(({ query }) => query.offset)).toEqual(
      Array.from({ length: 50 }, (_, index) => String(59 - index)),
    );
  });
});

describe("the link to the page", () => {
  it("is on standard error, with the API key in the fragment, and is what startEmulator() returns", async () => {
    const cli = startCli("--api-key", "a key/with#signs&more");
    const { apiUri } = await cli.ready();
    const { stdout, stderr } = await stopCli(cli);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/: http:\S+$/)]);
    expect(stderr).toContain(`${apiUri}/_emulator/#key=${encodeURIComponent("a key/with#signs&more")}`);
    const { pageUri, apiKey } = emulator.emulator;
    expect(pageUri).toBe(`${emulator.emulator.apiUri}/_emulator/#key=${apiKey}`);
  });
});
