import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import type { Values } from "../../provider/src/core/properties/values.js";
import { serveResource } from "../../provider/src/core/resource-server.js";
import { type Run, runFor } from "../../provider/src/core/session.js";
import { VISIBLE_AFTER_MS } from "../../provider/src/nylas/visibility.js";
import { readSettings } from "../../provider/src/settings.js";
import { present } from "../../tools/harness/test-emulator.js";
import { failure } from "../support/failure.js";
import { here } from "../support/here.js";
import { APPLICATION, type HostileServer, startHostileServer } from "../support/hostile-server.js";

const HOUR_SECONDS = 3_600;
const OPS = "ops@example.test";
const OWNER = "0a1b";
const STACK = "0c2d";
/** The marker of somebody else's stack. */
const THEIRS = "pulumi-nylas-imap:2:aaaa:bbbb:cccc:created";

interface StoredGrant {
  id: string;
  /** The mailbox that it opens. */
  mailbox: string;
  state?: string | undefined;
  createdAt: number;
  updatedAt: number;
}

interface Refusal {
  status: number;
  type?: string;
  /** In seconds. */
  retryAfter?: number;
  /** Whether the body breaks off. */
  isCut?: boolean;
}

/** What this Nylas shows of a grant, where, and which log-ins open the same mailbox. */
interface Nylas {
  listed: (grant: StoredGrant) => object | undefined;
  byId: (grant: StoredGrant) => object | undefined;
  answered: (grant: StoredGrant) => object;
  opens: (username: string) => string;
  /** Whether the answer to this authentication, from 1, gets lost after it took effect. */
  loses: (post: number) => boolean;
  /** What is answered to a request of this method in the place of the answer, and without effect. */
  refuses: (method: string) => Refusal | undefined;
  /** Added to the answers' dates; `undefined` for answers without one. */
  aheadMs: number | undefined;
}

let server: HostileServer;
let home: string;
let grants: StoredGrant[];
let nylas: Nylas;
/** The `state` of each authentication. */
let states: string[];
let notices: string[];

const nowSeconds = () => Math.floor(Date.now() / 1_000);

function shown({ id, mailbox, state, createdAt, updatedAt }: StoredGrant) {
  const times = { created_at: createdAt, updated_at: updatedAt };
  return {
    id,
    provider: "imap",
    email: mailbox,
    grant_status: "valid",
    ...times,
    ...(state === undefined ? {} : { state }),
  };
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "unforeseen-"));
  vi.stubEnv("PULUMI_HOME", home);
  grants = [];
  states = [];
  notices = [];
  nylas = {
    listed: shown,
    byId: shown,
    answered: shown,
    opens: (username) => username,
    loses: () => false,
    refuses: () => undefined,
    aheadMs: 0,
  };
  vi.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
  server = await startHostileServer(
    (request, response, body) => {
      const { aheadMs } = nylas;
      if (aheadMs === undefined) response.sendDate = false;
      else response.setHeader("date", new Date(Date.now() + aheadMs).toUTCString());
      const refusal = nylas.refuses(`${request.method}`);
      if (refusal !== undefined) {
        refuse(response, refusal);
        return;
      }
      const url = new URL(request.url ?? "/", server.uri);
      const [status, answer] = answerTo(`${request.method}`, url, body);
      if (request.method === "POST" && nylas.loses(states.length)) {
        response.destroy();
        return;
      }
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ request_id: "r-1", ...answer }));
    },
    { application: false },
  );
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
  await server.close();
});

function refuse(response: ServerResponse, { status, type = "api.refused", retryAfter, isCut = false }: Refusal): void {
  const body = JSON.stringify({ request_id: "r-2", error: { type, message: "Refused." } });
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  if (isCut) response.write(body.slice(1), () => response.destroy());
  else response.end(body);
}

function answerTo(method: string, url: URL, body: string): [number, object] {
  const notFound: [number, object] = [404, { error: { type: "grant.not_found", message: "Grant not found." } }];
  if (method === "POST") return [201, { data: nylas.answered(authenticated(JSON.parse(body))) }];
  if (url.pathname === "/v3/applications") return [200, { data: APPLICATION }];
  if (url.pathname === "/v3/grants") {
    const data = grants.flatMap((grant) => nylas.listed(grant) ?? []);
    return [200, { data: data.slice(Number(url.searchParams.get("offset"))) }];
  }
  const grant = grants.find(({ id }) => url.pathname === `/v3/grants/${id}`);
  const data = grant === undefined ? undefined : nylas.byId(grant);
  if (data === undefined) return notFound;
  if (method === "DELETE") grants = grants.filter((other) => other !== grant);
  return [200, method === "DELETE" ? {} : { data }];
}

function authenticated({ state, settings }: { state?: string; settings: { imap_username: string } }): StoredGrant {
  states.push(state ?? "");
  const mailbox = nylas.opens(settings.imap_username);
  const now = nowSeconds();
  const existing = grants.find((grant) => grant.mailbox === mailbox);
  if (existing === undefined) {
    const made = { id: `g${grants.length}`, mailbox, state, createdAt: now, updatedAt: now };
    grants.push(made);
    return made;
  }
  return Object.assign(existing, { state: state ?? existing.state, updatedAt: now });
}

/** A grant of somebody else's, an hour old. */
function foreign(change: Partial<StoredGrant> = {}): void {
  const then = nowSeconds() - HOUR_SECONDS;
  grants.push({ id: "foreign", mailbox: OPS, state: THEIRS, createdAt: then, updatedAt: then, ...change });
}

/** A provider process of its own. */
function newRun(change: Record<string, string> = {}): Run {
  const base = { NYLAS_API_KEY: `nyk_${randomUUID()}`, NYLAS_API_URI: server.uri, NYLAS_REQUESTS_PER_SECOND: "1000" };
  const env = { ...base, ...change };
  return runFor(
    readSettings("nylas", () => undefined, env),
    here(),
  );
}

function inputs(change: Values = {}): Values {
  return {
    imapUsername: OPS,
    imapPassword: "correct horse",
    imapHost: "imap.example.test",
    imapPort: 993,
    receiveOnly: true,
    verify: false,
    owner: OWNER,
    stack: STACK,
    ...change,
  };
}

const create = (change: Values = {}, run = newRun()) => grantLifecycle.create(run, inputs(change));
const kinds = () => states.map((state) => state.split(":").at(-1));

describe("an authentication that was to create a grant", () => {
  const withoutUpdate = (grant: StoredGrant) => ({ ...shown(grant), updated_at: undefined });

  it.each([
    ["Nylas shows no time of the last authentication", withoutUpdate],
    [
      "Nylas calls the time of the creation that of the last authentication",
      (grant: StoredGrant) => ({ ...shown(grant), updated_at: grant.createdAt }),
    ],
    ["Nylas shows both times", shown],
  ])("and found one of an hour ago adopts it, where %s", async (_name, answered) => {
    foreign({ state: undefined });
    Object.assign(nylas, { listed: () => undefined, answered });
    const error = await failure(create());
    expect(error.code).toBe("grant_exists");
    expect(error.message).toContain("it existed before");
    expect(kinds()).toEqual(["created", "adopted"]);
    expect((await create({ onExisting: "adopt" })).outs).toMatchObject({ adopted: true });
  });

  it("created it, where Nylas shows no time of the last authentication", async () => {
    Object.assign(nylas, { answered: withoutUpdate });
    expect((await create()).outs).toMatchObject({ adopted: false });
    expect(kinds()).toEqual(["created"]);
  });

  it("adopts it, where Nylas shows no time at all by which it could be new", async () => {
    Object.assign(nylas, { answered: withoutUpdate, aheadMs: undefined });
    expect((await failure(create())).code).toBe("grant_exists");
    expect(kinds()).toEqual(["created", "adopted"]);
  });
});

describe("a grant of somebody else's whose address", () => {
  const hidden = (email: unknown) => (grant: StoredGrant) => ({ ...shown(grant), email });

  it.each<[string, Partial<Nylas>]>([
    ["is null in lists", { listed: hidden(null) }],
    ["is empty in lists", { listed: hidden("") }],
    ["is absent from lists", { listed: hidden(undefined) }],
    ["has a name", { listed: hidden(`Operations <${OPS}>`), byId: hidden(`"Doe, Jo" <${OPS}> `) }],
    ["has a blank", { listed: hidden(` ${OPS.toUpperCase()} `), byId: hidden(`${OPS}\t`) }],
    [
      "stands in the settings alone",
      {
        listed: (grant) => ({ ...shown(grant), email: null, settings: { imap_username: OPS, imap_host: "h" } }),
        byId: hidden(null),
      },
    ],
    ["is shown by the id alone", { listed: hidden(null), byId: (grant) => ({ ...shown(grant), email: `<${OPS}>` }) }],
  ])("%s is found before anything is sent", async (_name, change) => {
    foreign();
    Object.assign(nylas, change);
    expect((await failure(create())).code).toBe("grant_exists");
    expect(states).toEqual([]);
    expect(grants).toMatchObject([{ state: THEIRS }]);
    expect((await create({ onExisting: "adopt" })).outs).toMatchObject({ email: OPS, adopted: true });
  });

  it("is shown nowhere gets its marker back, and the error says what happened", async () => {
    foreign();
    Object.assign(nylas, { listed: hidden(null), byId: hidden(null), answered: hidden(null) });
    const error = await failure(create());
    expect(error.code).toBe("grant_exists");
    expect(error.message).toMatch(/a stack whose digest is bbbb \(.+\) made or adopted it with this package/);
    expect(error.message).toContain(
      "authenticated with the declared credentials before that could be seen, and has its marker back",
    );
    expect(grants).toMatchObject([{ id: "foreign", state: THEIRS }]);
    expect(states).toHaveLength(2);
  });

  it("is shown nowhere and that has no marker is marked as adopted", async () => {
    foreign({ state: undefined });
    Object.assign(nylas, { listed: hidden(null), byId: hidden(null), answered: hidden(null) });
    const error = await failure(create());
    expect(error.message).toContain("carries this resource's marker as adopted, so no destroy deletes it");
    expect(kinds()).toEqual(["created", "adopted"]);
  });

  it("is shown nowhere is not this stack's after a kill before it has its marker back", async () => {
    foreign();
    Object.assign(nylas, {
      listed: hidden(null),
      byId: hidden(null),
      answered: hidden(null),
      loses: (post: number) => post > 1,
    });
    const error = await failure(create());
    expect(error.message).toContain("its marker could not be put back");
    nylas.loses = () => false;
    expect(grants[0]?.state).toBe(THEIRS);
    // As a kill between both authentications leaves it.
    Object.assign(present(grants[0]), { state: states[0] });
    nylas.listed = shown;
    expect((await failure(create())).code).toBe("grant_exists");
    expect((await failure(create())).message).toContain(
      "nothing here shows that a run of this resource was interrupted",
    );
  });

  it("is hidden among many costs a few requests, and not one each", async () => {
    const then = nowSeconds() - HOUR_SECONDS;
    grants = Array.from({ length: 50 }, (_, index) => {
      return { id: `other${index}`, mailbox: `m${index}@example.test`, createdAt: then, updatedAt: then };
    });
    Object.assign(nylas, { listed: hidden(null), byId: hidden(null) });
    await create();
    expect(server.requests.filter((request) => request.startsWith("GET /v3/grants/"))).toHaveLength(3);
  });
});

describe("two addresses of one mailbox", () => {
  const ALERTS = "ops+alerts@example.test";
  const ALIAS = "ops@alias.example";

  beforeEach(() => {
    nylas.opens = () => OPS;
  });

  it.each([ALERTS, ALIAS])("leave the grant of the one with its owner where %s is declared", async (imapUsername) => {
    foreign();
    const error = await failure(create({ imapUsername }));
    expect(error.code).toBe("grant_exists");
    expect(error.message).toContain("has its marker back");
    expect(error.remedy).toContain(`manage it under the address ${OPS}, which opens the same mailbox`);
    expect(grants).toMatchObject([{ id: "foreign", state: THEIRS }]);
    const adopted = await create({ imapUsername, onExisting: "adopt" });
    expect(adopted).toMatchObject({ id: "foreign", outs: { adopted: true, email: OPS } });
  });

  it.each([ALERTS, ALIAS])("make one grant where %s alone is declared, and keep it", async (imapUsername) => {
    const { id, outs } = await create({ imapUsername });
    expect(outs).toMatchObject({ email: OPS, adopted: false });
    expect(notices.join("\n")).toContain(`Nylas shows the address ${OPS} for mailbox ${imapUsername}`);
    expect(states).toHaveLength(1);
    const news = inputs({ imapUsername, credentialVersion: 2 });
    expect(await grantLifecycle.update(newRun(), id, outs, news)).toMatchObject({ email: OPS });
    expect(grants).toHaveLength(1);
    expect(states).toHaveLength(2);
  });

  it("that two resources declare are managed by one of them", async () => {
    const run = newRun();
    const both = await Promise.allSettled([
      create({ owner: "01" }, run),
      create({ owner: "02", imapUsername: ALERTS }, run),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const kept = both.findIndex(({ status }) => status === "fulfilled") + 1;
    expect(grants).toMatchObject([{ state: expect.stringMatching(`^pulumi-nylas-imap:2:0${kept}:.*:created$`) }]);
  });

  it("are not believed where the answer may be one to another request", async () => {
    foreign();
    nylas.answered = (grant) => ({ ...shown(grant), state: undefined });
    const error = await failure(create({ imapUsername: ALIAS }));
    expect(error.code).toBe("unexpected_response");
    expect(error.message).toContain("grant foreign of another mailbox");
    expect(states).toHaveLength(1);
  });
});

it("a grant of another provider that was imported by its id is not authenticated as IMAP", async () => {
  foreign({ state: undefined });
  const asGoogle = (grant: StoredGrant) => ({ ...shown(grant), provider: "google" });
  Object.assign(nylas, { listed: asGoogle, byId: asGoogle });
  const imported = { imapUsername: OPS, applicationId: APPLICATION.application_id, adopted: true, grantId: "foreign" };
  const error = await failure(grantLifecycle.update(newRun(), "foreign", imported, inputs()));
  expect(error).toMatchObject({ code: "invalid_input", answer: expect.stringContaining("is of provider google") });
  expect(states).toEqual([]);
});

it("a resource whose log-in name changes does not find the adopted grant that it leaves behind", async () => {
  foreign({ id: "left", mailbox: "x@example.test", state: undefined });
  nylas.opens = (username) => `${username.at(-1)}@example.test`;
  const before = { imapUsername: "CORP\\x", onExisting: "adopt" };
  const { id, outs } = await create(before);
  expect([id, outs.adopted]).toEqual(["left", true]);
  const env = { NYLAS_API_KEY: `nyk_${randomUUID()}`, NYLAS_API_URI: server.uri };
  const served = serveResource(grantLifecycle, { ...here(), settingsEnv: env });
  const props = { ...outs, applicationId: APPLICATION.application_id };
  const { inputs: news } = await served.check(inputs(before), inputs({ imapUsername: "CORP\\z" }));
  expect((await served.diff(id, props, news)).replaces).toEqual(["imapUsername"]);
  await served.delete(id, props);
  expect((await served.create(news)).id).not.toBe("left");
});

describe("a grant that is seconds old", () => {
  const invisible = () => Object.assign(nylas, { listed: () => undefined, byId: () => undefined });
  const stateOf = async () => {
    const { id, outs } = await create();
    return { id, props: { ...outs, applicationId: APPLICATION.application_id } };
  };

  it("stays in the state until it is old enough, by Nylas's clock", async () => {
    const { id, props } = await stateOf();
    invisible();
    expect(await present(grantLifecycle.read)(newRun(), id, props)).toMatchObject({ outs: props });
    expect(notices.at(-1)).toMatch(
      /stays in the state: Nylas shows it neither .* counts as deleted if that is so in \d+ s/,
    );
    nylas.aheadMs = VISIBLE_AFTER_MS + 2_000;
    expect(await present(grantLifecycle.read)(newRun(), id, props)).toBeUndefined();
  });

  it.each([-86_400_000, 86_400_000])("is as old after this machine's clock has jumped by %i ms", async (jumpMs) => {
    const { id, props } = await stateOf();
    invisible();
    nylas.aheadMs = -jumpMs;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + jumpMs });
    expect(await present(grantLifecycle.read)(newRun(), id, props)).toMatchObject({ outs: props });
  });

  it("is neither updated nor deleted, and both say to run again", async () => {
    const { id, props } = await stateOf();
    invisible();
    const updating = failure(grantLifecycle.update(newRun(), id, props, inputs({ credentialVersion: 2 })));
    const deleting = failure(present(grantLifecycle.delete)(newRun(), id, props));
    for (const error of await Promise.all([updating, deleting])) {
      expect(error).toMatchObject({ code: "nylas_unavailable", status: 404 });
      expect(error.remedy).toBe("run again in a moment");
    }
    expect(states).toHaveLength(1);
    Object.assign(nylas, { listed: shown, byId: shown });
    await present(grantLifecycle.delete)(newRun(), id, props);
    expect(grants).toEqual([]);
  });

  it("is gone where a deletion on this machine was interrupted", async () => {
    const { id, props } = await stateOf();
    const interrupted = present(grantLifecycle.delete)(newRun(), id, props);
    await interrupted;
    expect(grants).toEqual([]);
    await present(grantLifecycle.delete)(newRun(), id, props);
    expect(await present(grantLifecycle.read)(newRun(), id, props)).toBeUndefined();
  });

  it("is this stack's where its run was interrupted and no list shows it yet", async () => {
    nylas.loses = () => true;
    await failure(create());
    expect(grants).toHaveLength(1);
    nylas.loses = () => false;
    invisible();
    expect((await create()).outs).toMatchObject({ adopted: false });
    expect(grants).toMatchObject([{ state: expect.stringMatching(/:created$/) }]);
  });

  it("is not this stack's without an interrupted run, or if it is older than that run", async () => {
    invisible();
    foreign({ createdAt: nowSeconds() - 60, updatedAt: nowSeconds() - 60 });
    expect((await failure(create())).code).toBe("grant_exists");
    // The run above has left its note; the grant is older.
    expect((await failure(create())).code).toBe("grant_exists");
    expect(kinds()).toEqual(["created", "adopted", "created", "adopted"]);
  });

  /** Somebody else connects the mailbox now, and Nylas does not show it yet, to a run a minute later. */
  const somebodyElseConnects = () => {
    const now = nowSeconds();
    grants = [];
    foreign({ createdAt: now, updatedAt: now });
    Object.assign(nylas, { refuses: () => undefined, aheadMs: 60_000 });
    invisible();
  };
  const posts = (refusal: Refusal) => (method: string) => (method === "POST" ? refusal : undefined);
  const WRONG_PASSWORD = { status: 400, type: "grant.invalid_authentication" };

  it("is not this stack's after a run that a proxy has not let through", async () => {
    vi.stubEnv("HTTP_PROXY", server.uri);
    nylas.refuses = posts({ status: 407 });
    const behind = { NYLAS_API_URI: "http://api.nylas.invalid", NYLAS_ALLOW_HTTP: "true" };
    expect((await failure(create({}, newRun(behind)))).code).toBe("nylas_unavailable");
    somebodyElseConnects();
    expect((await failure(create())).code).toBe("grant_exists");
    expect(grants).toMatchObject([{ state: expect.stringMatching(/:adopted$/) }]);
  });

  it("is not this stack's after an adoption that was refused", async () => {
    foreign();
    nylas.refuses = posts(WRONG_PASSWORD);
    expect((await failure(create({ onExisting: "adopt" }))).code).toBe("invalid_credentials");
    somebodyElseConnects();
    expect((await failure(create())).code).toBe("grant_exists");
  });

  it("is not this stack's after a refused authentication of a renamed stack's grant", async () => {
    const { id, props } = await stateOf();
    const renamed = { owner: "0e3f", stack: "0f4a" };
    nylas.refuses = posts(WRONG_PASSWORD);
    const updating = failure(grantLifecycle.update(newRun(), id, props, inputs(renamed)));
    expect((await updating).code).toBe("invalid_credentials");
    somebodyElseConnects();
    expect((await failure(create(renamed))).code).toBe("grant_exists");
  });

  it("is not this stack's where somebody else made it while Nylas had this stack wait", async () => {
    nylas.refuses = (method) => {
      if (method !== "POST" || grants.length > 0) return undefined;
      foreign({ createdAt: nowSeconds(), updatedAt: nowSeconds() });
      return { status: 429, retryAfter: 5 };
    };
    invisible();
    expect((await failure(create())).code).toBe("grant_exists");
    expect(grants).toMatchObject([{ state: expect.stringMatching(/:adopted$/) }]);
  });

  it("is not this stack's long after an interrupted run", async () => {
    nylas.refuses = posts({ status: 504, type: "api.gateway_timeout" });
    expect((await failure(create())).code).toBe("nylas_unavailable");
    const later = nowSeconds() + HOUR_SECONDS;
    foreign({ createdAt: later, updatedAt: later });
    Object.assign(nylas, { refuses: () => undefined, aheadMs: HOUR_SECONDS * 1_000 + 60_000 });
    invisible();
    expect((await failure(create())).code).toBe("grant_exists");
  });

  it("stays at destroy if it was marked before that could be seen, the marker could not be mended, and it is adopted then", async () => {
    invisible();
    foreign({ createdAt: nowSeconds() - 60, updatedAt: nowSeconds() - 60, state: undefined });
    nylas.refuses = (method) => (method === "POST" && states.length > 0 ? { status: 403 } : undefined);
    await failure(create());
    Object.assign(nylas, { refuses: () => undefined, listed: shown, byId: shown });
    expect((await create({ onExisting: "adopt" })).outs).toMatchObject({ adopted: true });
  });

  const deletions = (refusal: Refusal) => (method: string) => (method === "DELETE" ? refusal : undefined);

  it("stays in the state after a deletion that was refused", async () => {
    const { id, props } = await stateOf();
    const remove = () => present(grantLifecycle.delete)(newRun(), id, props);
    nylas.refuses = deletions({ status: 400 });
    expect((await failure(remove())).code).toBe("unexpected_response");
    nylas.refuses = deletions({ status: 404 });
    expect((await failure(remove())).code).toBe("nylas_unavailable");
    nylas.refuses = deletions({ status: 400 });
    expect((await failure(remove())).code).toBe("unexpected_response");
    invisible();
    expect((await failure(remove())).code).toBe("nylas_unavailable");
    expect(await present(grantLifecycle.read)(newRun(), id, props)).toMatchObject({ outs: props });
  });

  it("stays in the state after a 404 that broke off, and another one", async () => {
    const { id, props } = await stateOf();
    let cut = true;
    nylas.refuses = (method) => {
      if (method !== "DELETE") return undefined;
      const isCut = cut;
      cut = false;
      return { status: 404, isCut };
    };
    expect((await failure(present(grantLifecycle.delete)(newRun(), id, props))).code).toBe("nylas_unavailable");
    expect(grants).toHaveLength(1);
  });
});
