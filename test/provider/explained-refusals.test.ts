import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import { type Run, runFor } from "../../provider/src/core/session.js";
import { readSettings } from "../../provider/src/settings.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { APPLICATION, type HostileServer, startHostileServer } from "../support/hostile-server.js";

interface Refusal {
  status: number;
  /** Absent in the answer of a gateway, which is no envelope of Nylas's. */
  type?: string;
  message?: string;
}

const CREDENTIALS = { status: 400, type: "grant.invalid_authentication", message: "Authentication failed" };
const OPS = {
  imapUsername: "ops@example.test",
  imapPassword: "correct horse battery",
  imapHost: "imap.example.test",
  imapPort: 993,
  receiveOnly: true,
};
const MADE = {
  id: "mine",
  provider: "imap",
  email: OPS.imapUsername,
  grant_status: "valid",
  created_at: 1_700_000_000,
};
const nowInSeconds = () => Math.floor(Date.now() / 1000);

let server: HostileServer;
let run: Run;
let notices: string[];
/** Answers by method and path; others are those of an application with a connector and one grant. */
let refusals: Record<string, Refusal>;
let grants: Record<string, unknown>[];

beforeEach(async () => {
  [refusals, grants, notices] = [{}, [], []];
  vi.spyOn(console, "error").mockImplementation((line: string) => {
    notices.push(line);
  });
  server = await startHostileServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", server.uri);
    const refusal = refusals[`${request.method} ${pathname}`];
    const made = grants[0] ?? { ...MADE, created_at: nowInSeconds() };
    const data =
      pathname === "/v3/grants" ? grants : request.method === "POST" ? made : (grants[0] ?? { provider: "imap" });
    if (refusal?.type === undefined && refusal !== undefined) {
      response.writeHead(refusal.status, { "content-type": "text/html" }).end("<h1>A gateway</h1>");
      return;
    }
    const { status = 200, ...error } = refusal ?? {};
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ request_id: "r-1", ...(refusal === undefined ? { data } : { error }) }));
  });
  // A key of its own: clients with equal settings share a run, and ports are used again.
  const env = { NYLAS_API_KEY: `nyk_refused_${randomUUID()}`, NYLAS_API_URI: server.uri };
  run = runFor(
    readSettings("nylas", () => undefined, env),
    here(),
  );
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const POST = "POST /v3/connect/custom";

/** The grant of the mailbox, and the state of the resource that has it. */
function existing(status: string) {
  grants = [{ ...MADE, grant_status: status }];
  return {
    ...OPS,
    grantId: "mine",
    email: OPS.imapUsername,
    grantStatus: status,
    applicationId: APPLICATION.application_id,
  };
}

const created = () => failure(grantLifecycle.create(run, OPS));
const rotated = (status: string) =>
  failure(grantLifecycle.update(run, "mine", existing(status), { ...OPS, imapPassword: "another" }));

describe("a refused authentication", () => {
  it("is about the credentials if Nylas says so", async () => {
    refusals = { [POST]: CREDENTIALS };
    expect(await created()).toMatchObject({
      code: "invalid_credentials",
      answer: expect.stringContaining("no grant was created"),
    });
  });

  it.each<Refusal>([
    { status: 400, type: "api.invalid_request_error", message: "state must have at most 256 characters" },
    { status: 400, type: "api.invalid_field", message: "settings.smtp_host is invalid" },
    { status: 400, type: "grant.provider_required", message: "Provider field is required." },
    { status: 404, type: "api.not_found_error", message: "Resource not found." },
    { status: 400 },
    { status: 404 },
  ])("is not about the credentials otherwise: %j", async (refusal) => {
    refusals = { [POST]: refusal };
    const error = await created();
    expect(error.code).toBe("unexpected_response");
    expect(error.message).not.toMatch(/password|login was refused/);
    if (refusal.message !== undefined) expect(error.answer).toContain(`${refusal.message}"; no grant was created`);
  });

  it("is about the connector if there is none, and about what Nylas said if that cannot be asked", async () => {
    const refusal = { status: 400, type: "api.invalid_request_error", message: "no" };
    refusals = { [POST]: refusal, "GET /v3/connectors/imap": { status: 404, type: "api.not_found_error" } };
    expect(await created()).toMatchObject({ code: "connector_missing" });
    refusals = { [POST]: refusal, "GET /v3/connectors/imap": { status: 403, type: "api.unauthorized_access" } };
    expect(await created()).toMatchObject({ code: "unexpected_response", status: 400 });
  });

  it("leaves a grant as it is, and says how that is", async () => {
    refusals = { [POST]: CREDENTIALS };
    const kept = "grant mine was not changed: Nylas keeps the credentials of its last authentication";
    expect((await rotated("valid")).answer).toContain(kept);
  });

  it("leaves an invalid grant invalid", async () => {
    refusals = { [POST]: CREDENTIALS };
    const { answer } = await rotated("invalid");
    expect(answer).toContain("grant mine was not changed and stays invalid");
    expect(answer).not.toContain("keeps the credentials");
  });

  it("has a hint if the password has blanks, as Google shows its app passwords", async () => {
    refusals = { [POST]: CREDENTIALS };
    const shown = await failure(grantLifecycle.create(run, { ...OPS, imapPassword: "abcd efgh ijkl mnop" }));
    expect(shown.remedy).toContain("without the blanks");
    const plain = await failure(grantLifecycle.create(run, { ...OPS, imapPassword: "abcdefghijklmnop" }));
    expect(plain.remedy).not.toContain("blanks");
  });
});

describe("a mailbox that cannot be read after its authentication", () => {
  it("does not say that nothing was changed", async () => {
    refusals = { "GET /v3/grants/mine/messages": { status: 403, type: "api.unauthorized_access", message: "no" } };
    const error = await grantLifecycle.create(run, OPS).then(String, (thrown: unknown) => String(thrown));
    expect(error).toContain("grant mine exists and is kept");
    expect(error).not.toContain("nothing was changed");
  });
});

describe("a status that is neither valid nor invalid", () => {
  it("does not authenticate the mailbox at every up, and a refresh says it", async () => {
    const outs = existing("suspended");
    expect(grantLifecycle.diff(outs, OPS)).toEqual({ changed: [], replaces: [] });
    expect(await grantLifecycle.read(run, "mine", outs)).toMatchObject({ outs: { grantStatus: "suspended" } });
    expect(notices).toEqual([expect.stringContaining('Nylas calls grant mine of ops@example.test "suspended"')]);
    expect(grantLifecycle.diff(existing("invalid"), OPS)).toEqual({ changed: ["grantStatus"], replaces: [] });
  });
});
