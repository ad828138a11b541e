import { readFileSync } from "node:fs";
import { join } from "node:path";
import sdk, { NylasApiError, NylasOAuthError, NylasSdkTimeoutError } from "nylas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { SETTINGS, type Setting } from "./answers.js";
import { ENDPOINTS, endpointsAnswering, REFUSALS, refusalsIn, requestsOfSdk } from "./log.js";
import { STEPS, type Step } from "./steps.js";

// The SDK's ES module exports the class itself; its types are those of its CommonJS build, one `default` further down.
const Nylas = sdk as unknown as typeof sdk.default;
type Nylas = InstanceType<typeof Nylas>;
type CreateConnectorRequest = Parameters<Nylas["connectors"]["create"]>[0]["requestBody"];
type GrantQuery = NonNullable<NonNullable<Parameters<Nylas["grants"]["list"]>[0]>["queryParams"]>;

const UPDATE = "PUT /v3/connectors/imap";
type MessageQuery = NonNullable<Parameters<Nylas["messages"]["list"]>[0]["queryParams"]>;

const FAR_OFF = 4_000_000_000;
const CSV = Buffer.from("Größe;2\r\n");
const NOBODY = "6e0f4a3e-0000-4000-8000-000000000000";
const REDIRECT_URI = "http://localhost:3000/callback";
const UUID = /^[0-9a-f-]{36}$/;
let calls = 0;

for (const setting of SETTINGS) describe(`the official Node SDK, ${setting.name}`, () => judge(setting));

afterAll(() => {
  // Its package exports no version; this is the file that its build is made from.
  const path = join(import.meta.dirname, "../../../node_modules/nylas/package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  console.log(`judges: Nylas Node SDK ${version}: ${calls} calls in ${SETTINGS.length} walks`);
});

function judge({ chosen, answers }: Setting): void {
  let emulator: TestEmulator;
  let nylas: Nylas;
  const ids: string[] = [];
  const taken: Step[] = [];

  function step(name: Step, run: () => Promise<void>): void {
    taken.push(name);
    it(name, run);
  }

  beforeAll(async () => {
    emulator = await TestEmulator.start({ behavior: chosen });
    nylas = client();
  });

  afterAll(async () => {
    calls += (await requestsOfSdk(emulator)).length;
    await emulator.close();
  });

  /** A client as its documentation makes it. */
  function client(options: { apiKey?: string; timeout?: number } = {}): Nylas {
    const { apiUri, apiKey } = emulator.emulator;
    return new Nylas({ apiKey, apiUri, ...options });
  }

  /** The settings of a mailbox, in the camel case that the SDK turns into Nylas's own names. */
  function settings(index: number, other: Record<string, unknown> = {}): Record<string, unknown> {
    const { username, password } = emulator.user(index);
    const { imap, smtp } = emulator;
    return {
      imapUsername: username,
      imapPassword: password,
      imapHost: imap.host,
      imapPort: imap.port,
      smtpHost: smtp.host,
      smtpPort: smtp.port,
      ...other,
    };
  }

  function authenticate(index: number, other: Record<string, unknown> = {}, state?: string) {
    const requestBody = { provider: "imap" as const, settings: settings(index, other) };
    return nylas.auth.customAuthentication({
      requestBody: state === undefined ? requestBody : { ...requestBody, state },
    });
  }

  /** Sends the hosted form as a browser would, which does not follow to the application. */
  function sendForm(url: string, index: number, smtp: Record<string, string>): Promise<Response> {
    const { username, password } = emulator.user(index);
    const { host, port } = emulator.imap;
    const imap = { imap_username: username, imap_password: password, imap_host: host, imap_port: String(port) };
    return fetch(url, { method: "POST", body: new URLSearchParams({ ...imap, ...smtp }), redirect: "manual" });
  }

  /** Fills in the whole form, and takes what the person is sent on with. */
  async function fillIn(url: string, index: number): Promise<Record<string, string>> {
    const { host, port } = emulator.smtp;
    const answer = await sendForm(url, index, { smtp_host: host, smtp_port: String(port) });
    expect(answer.status).toBe(303);
    return Object.fromEntries(new URL(answer.headers.get("location") ?? "").searchParams);
  }

  step("reads the details of the application", async () => {
    const { data, requestId } = await nylas.applications.getDetails();
    expect(data).toMatchObject({ applicationId: emulator.emulator.applicationId, region: "us" });
    expect(requestId).toMatch(UUID);
  });

  const credential = answers.relatedIds === "shown" ? { activeCredentialId: expect.stringMatching(UUID) } : {};

  step("makes a connector without a name, and deletes it", async () => {
    // The SDK's types ask for a name, which Nylas does not.
    const requestBody = { provider: "imap" } as CreateConnectorRequest;
    const { data } = await nylas.connectors.create({ requestBody });
    const name = answers.unnamedConnector === "absent" ? {} : { name: "imap" };
    expect(data).toEqual({ provider: "imap", settings: {}, scope: [], ...name, ...credential });
    expect((await nylas.connectors.destroy({ provider: "imap" })).requestId).toMatch(UUID);
  });

  step("has no connector until one is made, and no grant without one", async () => {
    expect((await nylas.connectors.list({})).data).toEqual([]);
    expect(await refusal(nylas.connectors.find({ provider: "imap" }))).toMatchObject({ statusCode: 404 });
    expect(await refusal(authenticate(0))).toMatchObject({ statusCode: Number(answers.missingConnector) });
    const made = await nylas.connectors.create({ requestBody: { provider: "imap", name: "mail" } });
    const name = { given: "mail", provider: "imap", absent: undefined }[present(answers.connectorName)];
    const shown = { provider: "imap", settings: {}, scope: [], ...(name === undefined ? {} : { name }), ...credential };
    expect(made.data).toEqual(shown);
    expect((await nylas.connectors.list({})).data).toEqual([made.data]);
    expect((await nylas.connectors.find({ provider: "imap" })).data).toEqual(made.data);
  });

  step("is refused a second connector", async () => {
    const error = await refusal(nylas.connectors.create({ requestBody: { provider: "imap", name: "again" } }));
    expect(error.statusCode).toBe(Number(answers.duplicateConnector));
    expect(error.message).toContain("already exists");
  });

  step("changes the connector with the method of its own", async () => {
    const changed = nylas.connectors.update({ provider: "imap", requestBody: { name: "renamed" } });
    if (answers.connectorPut === "405") expect((await refusal(changed)).statusCode).toBe(405);
    else expect((await changed).data.provider).toBe("imap");
    expect((await emulator.requests()).at(-1)).toMatchObject({ method: "PUT", path: "/v3/connectors/imap" });
  });

  step("makes a grant of each mailbox, and the same one of the same mailbox", async () => {
    for (const index of [0, 1, 2]) {
      const { data, requestId } = await authenticate(index, {}, "mine");
      expect(data).toMatchObject({ provider: "imap", grantStatus: "valid", email: emulator.user(index).username });
      expect(requestId).toMatch(UUID);
      ids.push(data.id);
    }
    expect(new Set(ids).size).toBe(3);
    expect((await authenticate(1)).data.id).toBe(ids[1]);
  });

  step("is refused a wrong password, which leaves the grant as it was", async () => {
    const grantId = present(ids[0]);
    const before = (await nylas.grants.find({ grantId })).data;
    const error = await refusal(authenticate(0, { imapPassword: "not-the-password" }));
    expect(error).toMatchObject({ statusCode: Number(answers.badCredentials), type: "grant.invalid_authentication" });
    expect(error.message).not.toContain("not-the-password");
    expect((await nylas.grants.find({ grantId })).data).toEqual(before);
    await refusal(authenticate(0, { imapPassword: "nor is this" }));
    const limit = answers.authLimit === "off" ? "grant.invalid_authentication" : "grant.auth_limit_reached";
    expect((await refusal(authenticate(0, { imapPassword: "neither this" }))).type).toBe(limit);
    const nonAscii = await refusal(authenticate(1, { imapPassword: "pässword" }));
    expect(nonAscii.type).toBe("grant.invalid_authentication");
  });

  step("is refused a mail server that does not answer", async () => {
    const type = answers.unreachableHost === "504" ? "api.provider_error" : "grant.provider_not_responding";
    const statusCode = Number(answers.unreachableHost);
    expect(await refusal(authenticate(0, { imapPort: 9 }))).toMatchObject({ statusCode, type });
  });

  step("lists grants page by page", async () => {
    const pages = [];
    for (const offset of [0, 2, 4]) {
      const { data } = await nylas.grants.list({ queryParams: { limit: 2, offset, orderBy: "asc" } });
      pages.push(data.map(({ id }) => id));
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2), []]);
  });

  step("finds grants by address, provider and status", async () => {
    const hidden = answers.listLagSeconds !== "0";
    const find = async (queryParams: GrantQuery) =>
      (await nylas.grants.list({ queryParams })).data.map(({ id }) => id).toSorted();
    const email = emulator.user(1).username.toUpperCase();
    expect(await find({ email })).toEqual(hidden ? [] : [ids[1]]);
    expect(await find({ provider: "imap", limit: 200 })).toEqual(hidden ? [] : ids.toSorted());
    expect(await find({ email: "nobody@example.test" })).toEqual([]);
    expect(await find({ provider: "google" })).toEqual([]);
    expect(await find({ grantStatus: "invalid" })).toEqual([]);
    expect(await find({ grantStatus: "valid" })).toEqual(ids.toSorted());
  });

  step("reads a grant, whatever it shows of its scope and its settings", async () => {
    const { data } = await nylas.grants.find({ grantId: present(ids[0]) });
    expect(data).toMatchObject({ id: ids[0], email: emulator.user(0).username, state: "mine" });
    expect(data.scope).toEqual({ empty: [], null: null, absent: undefined }[present(answers.scope)]);
    expect(data.createdAt).toBeTypeOf("number");
    const { imapPassword, ...hosts } = settings(0);
    const echoes = { omitted: undefined, hosts, full: { ...hosts, imapPassword } };
    expect(data.settings).toEqual(new Map(Object.entries(echoes)).get(present(answers.settingsEcho)));
  });

  step("is told of a grant that is not there, and of an endpoint that is not played", async () => {
    const types = { specific: "grant.not_found", generic: "api.not_found_error", plain: "not_found_error" };
    const statusCode = Number(answers.missingGrant);
    const type = new Map(Object.entries(types)).get(present(answers.notFoundType));
    const expected = { statusCode, ...(statusCode === 404 ? { type } : {}) };
    expect(await refusal(nylas.grants.find({ grantId: NOBODY }))).toMatchObject(expected);
    expect(await refusal(nylas.grants.destroy({ grantId: NOBODY }))).toMatchObject(expected);
    expect(await refusal(firstPage(nylas, NOBODY))).toMatchObject({ statusCode });
    const calendars = nylas.calendars.list({ identifier: present(ids[0]) }).then(({ data }) => data);
    expect(await refusal(calendars)).toMatchObject({ statusCode: 501 });
  });

  step("replaces the settings of a grant, after which it only receives", async () => {
    const grantId = present(ids[2]);
    const receiveOnly = Object.fromEntries(Object.entries(settings(2)).filter(([name]) => name.startsWith("imap")));
    const updated = await nylas.grants.update({ grantId, requestBody: { settings: receiveOnly } });
    expect(updated.data.id).toBe(grantId);
    const requestBody = { to: [{ email: "ops@example.test" }], subject: "not sent" };
    const error = await refusal(nylas.messages.send({ identifier: grantId, requestBody }));
    expect(error.statusCode).toBe(Number(answers.missingSmtp));
    expect(error.message).toContain("smtphost");
  });

  step("sends a message, which arrives in the other mailbox", async () => {
    const [sender, receiver] = [present(ids[0]), present(ids[1])];
    expect(await firstPage(nylas, receiver)).toEqual([]);
    const to = [{ name: "Billing", email: emulator.user(1).username }];
    const subject = "Grüße über SMTP";
    const attachments = [
      { filename: "März.csv", contentType: "text/csv", content: CSV.toString("base64"), size: CSV.length },
    ];
    const requestBody = { to, subject, body: "<p>arrived – wirklich</p>", attachments };
    const sent = await nylas.messages.send({ identifier: sender, requestBody });
    expect(sent.data).toMatchObject({ grantId: sender, subject });
    const arrived = await firstPage(nylas, receiver);
    expect(arrived).toMatchObject([
      { id: sent.data.id, grantId: receiver, subject, from: [{ email: emulator.user(0).username }], to, unread: true },
    ]);
    expect(arrived[0]?.body).toBe("<p>arrived – wirklich</p>");
    const shown = { filename: "März.csv", contentType: "text/csv", size: CSV.length, grantId: receiver };
    expect(arrived[0]?.attachments).toEqual([{ id: expect.any(String), isInline: false, ...shown }]);
  });

  step("reads a mailbox page by page", async () => {
    const [sender, receiver] = [present(ids[1]), present(ids[0])];
    for (const subject of ["first", "second", "third"]) {
      const requestBody = { to: [{ email: emulator.user(0).username }], subject };
      await nylas.messages.send({ identifier: sender, requestBody });
    }
    const pages = [];
    for await (const page of nylas.messages.list({ identifier: receiver, queryParams: { limit: 2 } })) {
      pages.push(page.data.map(({ subject }) => subject));
    }
    expect(pages).toEqual([["third", "second"], ["first"]]);
  });

  step("finds messages by subject, address, time and state", async () => {
    const identifier = present(ids[0]);
    const [{ username: own }, { username: other }] = [emulator.user(0), emulator.user(1)];
    const subjects = async (queryParams: MessageQuery): Promise<unknown[]> =>
      (await nylas.messages.list({ identifier, queryParams })).data.map(({ subject }) => subject);
    const all = ["third", "second", "first"];
    expect(await subjects({ subject: "eco" })).toEqual(["second"]);
    expect(await subjects({ from: ["nobody@example.test", other], to: [own], unread: true, starred: false })).toEqual(
      all,
    );
    expect(await subjects({ anyEmail: ["nobody@example.test", other.toUpperCase()], limit: 2 })).toEqual(
      all.slice(0, 2),
    );
    expect(await subjects({ receivedAfter: 0, receivedBefore: FAR_OFF })).toEqual(all);
    for (const query of [{ cc: [own] }, { unread: false }, { receivedAfter: FAR_OFF }, { subject: "SECOND" }]) {
      expect(await subjects(query)).toEqual([]);
    }
    const unplayed = nylas.messages.list({ identifier, queryParams: { searchQueryNative: "second" } });
    expect(await refusal(unplayed.then(({ data }) => data))).toMatchObject({ statusCode: 400 });
  });

  step("lists the folders of a mailbox, and the messages in each", async () => {
    const identifier = present(ids[0]);
    const found = new Map<string, number>();
    for (const { id, name, grantId, totalCount, unreadCount } of (await nylas.folders.list({ identifier })).data) {
      expect(grantId).toBe(identifier);
      const { data } = await nylas.messages.list({ identifier, queryParams: { in: [id] } });
      expect(data.every(({ folders }) => folders.includes(id))).toBe(true);
      // The sender has read its own message.
      expect([totalCount, unreadCount]).toEqual([data.length, name === "Sent" ? 0 : data.length]);
      found.set(name, data.length);
    }
    expect(Object.fromEntries(found)).toEqual({ INBOX: 3, Sent: 1, Drafts: 0, Trash: 0 });
    const nowhere = nylas.messages.list({ identifier, queryParams: { in: ["Nowhere"] } }).then(({ data }) => data);
    expect(await refusal(nowhere)).toMatchObject({ statusCode: 404 });
  });

  step("reads one message and one folder by its id", async () => {
    const identifier = present(ids[0]);
    const message = present((await firstPage(nylas, identifier))[0]);
    expect((await nylas.messages.find({ identifier, messageId: message.id })).data).toEqual(message);
    for (const folder of (await nylas.folders.list({ identifier })).data) {
      expect((await nylas.folders.find({ identifier, folderId: folder.id })).data).toEqual(folder);
    }
    const noMessage = nylas.messages.find({ identifier, messageId: "<nothing@example.test>" });
    expect(await refusal(noMessage)).toMatchObject({ statusCode: 404 });
    expect(await refusal(nylas.folders.find({ identifier, folderId: "Nowhere" }))).toMatchObject({ statusCode: 404 });
  });

  step("is told that the password of a mailbox has changed", async () => {
    const { username, password } = emulator.user(2);
    const grantId = present(ids[2]);
    await emulator.setPassword(username, "another one");
    expect(await refusal(firstPage(nylas, grantId))).toMatchObject({ statusCode: Number(answers.invalidGrant) });
    expect((await nylas.grants.find({ grantId })).data.grantStatus).toBe("invalid");
    await emulator.setPassword(username, password);
    expect((await authenticate(2)).data.id).toBe(grantId);
    expect((await nylas.grants.find({ grantId })).data.grantStatus).toBe("valid");
  });

  step("is refused the mailbox of a grant that Nylas has blocked", async () => {
    const grantId = present(ids[2]);
    await emulator.setBlocked(grantId, true);
    expect((await nylas.grants.find({ grantId })).data).toMatchObject({ blocked: true, grantStatus: "valid" });
    expect(await refusal(firstPage(nylas, grantId))).toMatchObject({ statusCode: Number(answers.blockedGrant) });
    await emulator.setBlocked(grantId, false);
    expect(await firstPage(nylas, grantId)).toEqual([]);
  });

  step("sends a person through the hosted form, SMTP included, and exchanges the code once", async () => {
    const clientId = emulator.emulator.applicationId;
    const login = { clientId, redirectUri: REDIRECT_URI, provider: "imap" as const, state: "from-the-walk" };
    const url = nylas.auth.urlForOAuth2({ ...login, loginHint: "ops@example.test", smtpRequired: true });
    expect(new URL(url).searchParams.get("options")).toBe("smtp_required");
    expect((await sendForm(url, 0, {})).status).toBe(400);
    const { code = "", state } = await fillIn(url, 0);
    expect(state).toBe("from-the-walk");
    const exchange = () => nylas.auth.exchangeCodeForToken({ clientId, redirectUri: REDIRECT_URI, code });
    expect(await exchange()).toMatchObject({ grantId: ids[0], email: emulator.user(0).username });
    const again = await thrown(exchange());
    expect(again).toBeInstanceOf(NylasOAuthError);
    expect(again).toMatchObject({ statusCode: 400, error: "invalid_grant", requestId: expect.stringMatching(UUID) });
  });

  step("does the same with PKCE, where a wrong verifier is refused", async () => {
    const clientId = emulator.emulator.applicationId;
    for (const right of [false, true]) {
      const login = { clientId, redirectUri: REDIRECT_URI, provider: "imap" as const };
      const { url, secret } = nylas.auth.urlForOAuth2PKCE(login);
      const { code = "" } = await fillIn(url, 1);
      const codeVerifier = right ? secret : "guessed";
      const exchanged = nylas.auth.exchangeCodeForToken({ clientId, redirectUri: REDIRECT_URI, code, codeVerifier });
      if (right && answers.s256Challenge === "hex") expect(await exchanged).toMatchObject({ grantId: ids[1] });
      else expect(await thrown(exchanged)).toMatchObject({ statusCode: 400, error: "invalid_grant" });
    }
  });

  step(
    "uses the tokens of a log-in in the place of the key: reads, renews, asks about them and revokes them",
    async () => {
      const application = { clientId: emulator.emulator.applicationId, redirectUri: REDIRECT_URI };
      const url = nylas.auth.urlForOAuth2({ ...application, provider: "imap", accessType: "offline" });
      const { code = "" } = await fillIn(url, 1);
      const { accessToken, idToken, refreshToken } = await nylas.auth.exchangeCodeForToken({ ...application, code });
      const own = client({ apiKey: accessToken });
      expect((await own.grants.find({ grantId: "me" })).data).toEqual(
        (await nylas.grants.find({ grantId: present(ids[1]) })).data,
      );
      expect(await firstPage(own, "me")).toEqual(await firstPage(nylas, present(ids[1])));
      expect(await refusal(own.grants.list())).toMatchObject({ statusCode: 401 });
      expect(await refusal(firstPage(nylas, "me"))).toMatchObject({ statusCode: 401 });
      const { data } = await nylas.auth.accessTokenInfo(accessToken);
      expect(data).toMatchObject({ sub: ids[1], email: emulator.user(1).username });
      expect((await nylas.auth.idTokenInfo(present(idToken))).data).toEqual(data);
      const renewal = { ...application, refreshToken: present(refreshToken) };
      const renewed = await nylas.auth.refreshAccessToken(renewal);
      expect(await firstPage(client({ apiKey: renewed.accessToken }), "me")).toEqual(await firstPage(own, "me"));
      expect(await nylas.auth.revoke(renewed.accessToken)).toBe(true);
      expect(await refusal(firstPage(own, "me"))).toMatchObject({ statusCode: 401 });
      expect(await thrown(nylas.auth.refreshAccessToken(renewal))).toBeInstanceOf(NylasOAuthError);
      expect(await thrown(nylas.auth.revoke(accessToken))).toBeInstanceOf(NylasOAuthError);
    },
  );

  step("detects the provider of an address", async () => {
    const { data } = await nylas.auth.detectProvider({ email: "somebody@gmail.com" });
    expect(data).toMatchObject({ provider: "google", detected: true });
    const unknown = await nylas.auth.detectProvider({ email: "somebody@nowhere.invalid" });
    expect(unknown.data).toMatchObject({ detected: false });
  });

  step("throws for 400, when an argument is wrong", async () => {
    const expected = { statusCode: 400, type: "api.invalid_request_error", providerError: undefined };
    const empty = nylas.auth.customAuthentication({ requestBody: { provider: "imap", settings: {} } });
    expect(await refusal(empty)).toMatchObject(expected);
    expect(await refusal(nylas.grants.list({ queryParams: { limit: 1000 } }))).toMatchObject(expected);
  });

  step("throws for 401, on every route that takes a key", async () => {
    const stranger = client({ apiKey: "nyk_somebody_elses" });
    const requestBody = { provider: "imap" as const, settings: settings(0) };
    const asked = [
      stranger.applications.getDetails(),
      stranger.connectors.list({}),
      stranger.grants.list(),
      stranger.grants.find({ grantId: NOBODY }),
      firstPage(stranger, NOBODY),
      stranger.auth.customAuthentication({ requestBody }),
    ];
    for (const error of await Promise.all(asked.map(refusal))) {
      expect(error).toMatchObject({ statusCode: 401, type: answers.unauthorizedType });
    }
  });

  step("throws for 429, whether it says how long to wait or not", async () => {
    const expected = { statusCode: 429, type: answers.rateLimitType };
    await emulator.faults({ path: "/v3/grants", status: 429, retryAfter: 7 });
    const told = await refusal(nylas.grants.list());
    expect(told).toMatchObject(expected);
    expect(told.headers?.["retry-after"]).toBe("7");
    await emulator.faults({ path: "/v3/grants", status: 429 });
    const untold = await refusal(nylas.grants.list());
    expect(untold).toMatchObject(expected);
    expect(untold.headers?.["retry-after"]).toBe(answers.rateLimitRetryAfter === "none" ? undefined : "1");
    await emulator.faults();
  });

  step("throws for 500, 502, 503 and 504", async () => {
    for (const statusCode of [500, 502, 503, 504]) {
      await emulator.faults({ path: "/v3/grants", status: statusCode });
      const type = statusCode === 504 ? "api.provider_error" : "api.internal_error";
      expect(await refusal(nylas.grants.list())).toMatchObject({ statusCode, type });
    }
    await emulator.faults();
  });

  step("throws for an answer that does not come in time, and for one that breaks off", async () => {
    await emulator.faults({ path: "/v3/grants", delayMs: 60_000 });
    const late = await thrown(client({ timeout: 1 }).grants.list());
    expect(late).toBeInstanceOf(NylasSdkTimeoutError);
    expect(late).toMatchObject({ timeout: 1, url: `${emulator.emulator.apiUri}/v3/grants` });
    await emulator.faults({ path: "/v3/grants", reset: true });
    expect(await thrown(nylas.grants.list())).toBeInstanceOf(TypeError);
    await emulator.faults();
  });

  step("deletes a grant, and then there is none", async () => {
    const grantId = present(ids[0]);
    expect((await nylas.grants.destroy({ grantId })).requestId).toMatch(UUID);
    expect((await refusal(nylas.grants.find({ grantId }))).statusCode).toBe(Number(answers.missingGrant));
    expect((await refusal(firstPage(nylas, grantId))).statusCode).toBe(Number(answers.missingGrant));
  });

  step("deletes the connector, after which no mailbox can be connected", async () => {
    await nylas.connectors.destroy({ provider: "imap" });
    expect((await nylas.connectors.list({})).data).toEqual([]);
    expect((await refusal(authenticate(0))).statusCode).toBe(Number(answers.missingConnector));
    const left = nylas.grants.find({ grantId: present(ids[1]) });
    const purged = answers.connectorDelete === "purge" || answers.connectorDeleteGraceSeconds === "0";
    if (purged) expect((await refusal(left)).statusCode).toBe(Number(answers.missingGrant));
    else expect((await left).data.grantStatus).toBe("invalid");
  });

  it("took every step, to every endpoint, every refusal and every open question", async () => {
    expect(taken).toEqual(STEPS);
    const log = await requestsOfSdk(emulator);
    const update = answers.connectorPut === "405" ? [] : [UPDATE];
    expect(endpointsAnswering(log)).toEqual([...ENDPOINTS, ...update].toSorted());
    for (const status of REFUSALS) expect(refusalsIn(log)).toContain(status);
    const asked = await emulator.questionsAsked();
    for (const question of Object.keys(chosen)) expect(asked).toContain(question);
  });
}

async function firstPage(nylas: Nylas, identifier: string) {
  return (await nylas.messages.list({ identifier })).data;
}

async function thrown(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => {
      throw new Error("the request was not refused");
    },
    (error: unknown) => error,
  );
}

/** What the SDK threw; anything but its own error for an answer of the API fails the test. */
async function refusal(answer: Promise<unknown>): Promise<NylasApiError> {
  const error = await thrown(answer);
  if (!(error instanceof NylasApiError)) throw error;
  expect(error.requestId).toMatch(UUID);
  expect(error.message).not.toBe("");
  return error;
}
