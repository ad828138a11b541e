import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { createServer, getCACertificates, type Server, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { makeCertificates } from "../../emulator/src/mail-server/certificates.js";
import { createClient } from "../../provider/src/nylas/client.js";
import { listAllGrants } from "../../provider/src/nylas/grant-list.js";
import { authenticateMailbox, deleteGrant } from "../../provider/src/nylas/grants.js";
import { MAX_ATTEMPTS } from "../../provider/src/nylas/retry-delay.js";
import { readSettings } from "../../provider/src/settings.js";
import { TestEmulator } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { startTestProxy, type TestProxy, type TestProxyOptions } from "../support/proxy.ts";

/** A host name that does not resolve, so that only the proxy can reach it. */
const HOST = "api.nylas.invalid";
const CREDENTIALS = "proxy-user:pr0xy-p/ss";
const ENCODED_CREDENTIALS = "proxy-user:pr0xy-p%2Fss";
const VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"];

const trusted = getCACertificates();
let emulator: TestEmulator;
let emulatorPort: number;
/** The emulator behind TLS. */
let secure: Server;
let proxy: TestProxy | undefined;

beforeAll(async () => {
  emulator = await TestEmulator.start();
  emulatorPort = Number(new URL(emulator.emulator.apiUri).port);
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  const { ca, cert, key } = await makeCertificates([HOST]);
  setDefaultCACertificates([...trusted, ca]);
  secure = createServer({ cert, key }, (socket) => {
    const upstream = connect(emulatorPort, "127.0.0.1");
    socket.on("error", () => upstream.destroy()).pipe(upstream);
    upstream.on("error", () => socket.destroy()).pipe(socket);
  });
  await once(secure.listen(0, "127.0.0.1"), "listening");
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  secure.close();
  await emulator.close();
});

beforeEach(() => {
  for (const name of VARIABLES) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy?.close();
  proxy = undefined;
});

async function start(options: Partial<TestProxyOptions> = {}): Promise<TestProxy> {
  proxy = await startTestProxy({ target: emulatorPort, ...options });
  return proxy;
}

function securePort(): number {
  // A TCP server's address is an AddressInfo once it listens.
  return (secure.address() as AddressInfo).port;
}

function clientOf(apiUri: string) {
  const env = { ...emulator.env, NYLAS_API_URI: apiUri, NYLAS_ALLOW_HTTP: "true" };
  return createClient(
    readSettings("nylas", () => undefined, env),
    here(),
  );
}

describe("an https address", () => {
  it.each(["HTTPS_PROXY", "https_proxy"])("is reached in a tunnel of %s", async (variable) => {
    const { port, asked } = await start({ target: securePort(), credentials: CREDENTIALS });
    vi.stubEnv(variable, `http://${ENCODED_CREDENTIALS}@127.0.0.1:${port}`);
    const client = clientOf(`https://${HOST}`);
    const { username, password } = emulator.user(0);
    const mailbox = { imapUsername: username, imapPassword: password };
    const grant = await authenticateMailbox(
      client,
      { ...mailbox, imapHost: emulator.imap.host, imapPort: emulator.imap.port },
      undefined,
    );
    expect(await listAllGrants(client)).toEqual([grant]);
    await deleteGrant(client, grant.id);
    // All four requests share one tunnel.
    expect(asked).toEqual([`CONNECT ${HOST}:443`]);
  });

  it("is not reached without a certificate for its name", async () => {
    const { port } = await start({ target: securePort() });
    vi.stubEnv("HTTPS_PROXY", `127.0.0.1:${port}`);
    const error = await failure(clientOf("https://other.nylas.invalid").application());
    expect(error.answer).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  });

  it.each([403, 404, 407])("is not taken for answered when the proxy answers %s", async (refuse) => {
    const { port, asked } = await start({ refuse });
    vi.stubEnv("HTTPS_PROXY", `http://${ENCODED_CREDENTIALS}@127.0.0.1:${port}`);
    const error = await failure(deleteGrant(clientOf(`https://${HOST}`), "g"));
    expect(error).toMatchObject({ code: "nylas_unavailable", status: undefined });
    expect(error.answer).toBe(`the proxy answered HTTP ${refuse} (http://127.0.0.1:${port})`);
    expect(error.remedy).toContain(refuse === 407 ? "user name and password" : "allows connections");
    for (const secret of ["proxy-user", "pr0xy"]) expect(error.message).not.toContain(secret);
    expect(asked).toHaveLength(1);
  });

  it("is tried again where the proxy cannot reach it", async () => {
    const { port, asked } = await start({ refuse: 502 });
    vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${port}`);
    const error = await failure(clientOf(`https://${HOST}`).application());
    expect(error.answer).toContain(`HTTP 502 after ${MAX_ATTEMPTS} attempts`);
    expect(asked).toHaveLength(MAX_ATTEMPTS);
  });
});

describe("an http address", () => {
  it.each(["HTTP_PROXY", "http_proxy"])("is reached through %s", async (variable) => {
    const { port, asked } = await start({ credentials: CREDENTIALS });
    vi.stubEnv(variable, `http://${ENCODED_CREDENTIALS}@127.0.0.1:${port}`);
    expect(await clientOf(`http://${HOST}`).application()).toMatchObject({
      applicationId: emulator.emulator.applicationId,
    });
    expect(asked).toEqual([`GET http://${HOST}/v3/applications`]);
  });

  it("is reached through it on loopback too, where NO_PROXY does not say otherwise", async () => {
    const { port, asked } = await start();
    vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`);
    expect(await clientOf(emulator.emulator.apiUri).application()).toBeDefined();
    expect(asked).toHaveLength(1);
  });

  it("says which proxy wants other credentials, and not which it was given", async () => {
    const { port, asked } = await start({ credentials: "somebody:else" });
    vi.stubEnv("HTTP_PROXY", `http://${ENCODED_CREDENTIALS}@127.0.0.1:${port}`);
    const error = await failure(clientOf(`http://${HOST}`).application());
    expect(error.answer).toBe(`the proxy answered HTTP 407 (http://127.0.0.1:${port})`);
    expect(error.message).not.toMatch(/proxy-user|pr0xy/);
    expect(asked).toHaveLength(1);
  });
});

describe("no proxy", () => {
  it.each([
    ["NO_PROXY names the host", { NO_PROXY: "localhost,127.0.0.1" }],
    ["no_proxy names everything", { no_proxy: "*" }],
    ["the variable is for the other scheme", { HTTP_PROXY: undefined, HTTPS_PROXY: "http://127.0.0.1:9" }],
    ["only ALL_PROXY is set", { HTTP_PROXY: undefined, ALL_PROXY: "socks5://127.0.0.1:9" }],
  ])("is used where %s", async (_name, env: Record<string, string | undefined>) => {
    const { port, asked } = await start();
    vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(await clientOf(emulator.emulator.apiUri).application()).toBeDefined();
    expect(asked).toEqual([]);
  });
});

it("a proxy that is not there is named without its credentials", async () => {
  vi.stubEnv("HTTPS_PROXY", `http://${ENCODED_CREDENTIALS}@127.0.0.1:1`);
  const error = await failure(clientOf(`https://${HOST}`).application());
  expect(error.answer).toContain(`ECONNREFUSED after ${MAX_ATTEMPTS} attempts`);
  expect(error.answer).toContain(`at https://${HOST} through the proxy http://127.0.0.1:1`);
  expect(error.message).not.toMatch(/proxy-user|pr0xy/);
});

it.each(["socks5://user:s3cret@127.0.0.1:1080", "http://", "http://user:s3cr%et@host:80"])(
  "an address that is no proxy's (%s) is refused, and not quoted",
  async (value) => {
    vi.stubEnv("HTTPS_PROXY", value);
    const error = await failure(clientOf(`https://${HOST}`).application());
    expect(error).toMatchObject({ code: "invalid_input" });
    expect(error.message).toContain("HTTPS_PROXY");
    expect(error.message).not.toContain("s3cr");
  },
);

it.each([
  ["set", { HTTPS_PROXY: "http://127.0.0.1:9" }, true],
  ["not set", {}, false],
])("the libraries are loaded where a variable is %s", async (_name, env, loaded) => {
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({ resolve(specifier, context, next) { console.log(specifier); return next(specifier, context); } });
    const { proxyFor } = await import(${JSON.stringify(new URL("../../provider/dist/nylas/proxy.js", import.meta.url))});
    await proxyFor("https://api.us.nylas.com", process.env);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { env });
  expect(stdout).toContain("/dist/nylas/proxy.js");
  expect(stdout.includes("proxy-agent")).toBe(loaded);
});
