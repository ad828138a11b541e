import sdk, { NylasApiError } from "nylas";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../support/emulator.js";

// The SDK's ES module exports the class itself; its types are those of its CommonJS build, one `default` further down.
const Nylas = sdk as unknown as typeof sdk.default;
type Nylas = InstanceType<typeof Nylas>;

let emulator: TestEmulator;
let nylas: Nylas;

/** A client as its documentation makes it. */
function client(apiKey = emulator.emulator.apiKey): Nylas {
  return new Nylas({ apiKey, apiUri: emulator.emulator.apiUri });
}

/** The settings of a mailbox, in the camel case that the SDK turns into Nylas's own names. */
function settings(index: number): Record<string, unknown> {
  const { username, password } = emulator.user(index);
  return {
    imapUsername: username,
    imapPassword: password,
    imapHost: emulator.imap.host,
    imapPort: emulator.imap.port,
    smtpHost: emulator.smtp.host,
    smtpPort: emulator.smtp.port,
  };
}

async function authenticate(index: number, state?: string): Promise<string> {
  const { data } = await nylas.auth.customAuthentication({
    requestBody: { provider: "imap", settings: settings(index), ...(state === undefined ? {} : { state }) },
  });
  return data.id;
}

/** What the SDK threw; anything but its own error for an answer of the API fails the test. */
async function refusal(answer: Promise<unknown>): Promise<NylasApiError> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof NylasApiError) return error;
    throw error;
  }
  throw new Error("the request was not refused");
}

beforeAll(async () => {
  emulator = await TestEmulator.start();
  nylas = client();
});

afterAll(() => emulator.close());

describe("an application seen through the official SDK", () => {
  it("tells who it is", async () => {
    const { data, requestId } = await nylas.applications.getDetails();
    expect(data).toMatchObject({ applicationId: emulator.emulator.applicationId, region: "us" });
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("has no connector until one is made", async () => {
    expect((await nylas.connectors.list({})).data).toEqual([]);
    const made = await nylas.connectors.create({ requestBody: { provider: "imap", name: "mail" } });
    expect(made.data).toMatchObject({ provider: "imap", name: "mail" });
    expect((await nylas.connectors.list({})).data).toEqual([made.data]);
    expect((await nylas.connectors.find({ provider: "imap" })).data).toEqual(made.data);
  });

  it("refuses a second connector for the provider", async () => {
    const error = await refusal(nylas.connectors.create({ requestBody: { provider: "imap", name: "again" } }));
    expect(error.statusCode).toBe(400);
    expect(error.message).toContain("already exists");
  });

  it("refuses the PUT that the SDK updates a connector with", async () => {
    const error = await refusal(nylas.connectors.update({ provider: "imap", requestBody: { name: "renamed" } }));
    expect(error.statusCode).toBe(405);
    expect((await emulator.requests()).at(-1)).toMatchObject({ method: "PUT", path: "/v3/connectors/imap" });
    expect((await emulator.connectors()).map(({ name }) => name)).toEqual(["mail"]);
  });

  it("builds the address of the hosted form, which is there", async () => {
    const address = nylas.auth.urlForOAuth2({
      clientId: emulator.emulator.applicationId,
      redirectUri: "http://localhost:3000/callback",
      provider: "imap",
      loginHint: "ops@example.test",
      state: "from-the-test",
      smtpRequired: true,
    });
    expect(Object.fromEntries(new URL(address).searchParams)).toMatchObject({
      options: "smtp_required",
      state: "from-the-test",
    });
    const page = await fetch(address);
    expect(page.status).toBe(200);
    const form = await page.text();
    expect(form).toContain("ops@example.test");
    expect(form).toContain("smtp_host");
  });
});

describe("grants seen through the official SDK", () => {
  let ids: string[];

  beforeAll(async () => {
    ids = [await authenticate(0, "mine"), await authenticate(1), await authenticate(2)];
  });

  it("are made from credentials, one for each mailbox", async () => {
    const { data } = await nylas.grants.find({ grantId: present(ids[0]) });
    expect(data).toMatchObject({
      id: ids[0],
      provider: "imap",
      grantStatus: "valid",
      email: emulator.user(0).username,
      state: "mine",
    });
    expect(new Set(ids).size).toBe(3);
    expect(await authenticate(1), "the same mailbox again is the same grant").toBe(ids[1]);
  });

  it("are listed by page", async () => {
    const pages = [];
    for (const offset of [0, 2]) {
      const { data } = await nylas.grants.list({ queryParams: { limit: 2, offset, orderBy: "asc" } });
      pages.push(data.map(({ id }) => id));
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2)]);
  });

  it("are found by address, however it is written", async () => {
    const { username } = emulator.user(1);
    for (const email of [username, username.toUpperCase()]) {
      const { data } = await nylas.grants.list({ queryParams: { email } });
      expect(data.map(({ id }) => id)).toEqual([ids[1]]);
    }
    expect((await nylas.grants.list({ queryParams: { email: "nobody@example.test" } })).data).toEqual([]);
  });

  it("are updated with their settings replaced whole", async () => {
    const grantId = present(ids[2]);
    const { imapUsername, imapPassword, imapHost, imapPort } = settings(2);
    const receiveOnly = { imapUsername, imapPassword, imapHost, imapPort };
    const updated = await nylas.grants.update({ grantId, requestBody: { settings: receiveOnly } });
    expect(updated.data.id).toBe(grantId);
    const requestBody = { to: [{ email: "ops@example.test" }], subject: "not sent" };
    const error = await refusal(nylas.messages.send({ identifier: grantId, requestBody }));
    expect(error.statusCode).toBe(400);
    expect(error.message).toContain("smtphost");
  });

  it("send a message that arrives in the other mailbox", async () => {
    const [sender, receiver] = [present(ids[0]), present(ids[1])];
    expect((await nylas.messages.list({ identifier: receiver })).data).toEqual([]);
    const sent = await nylas.messages.send({
      identifier: sender,
      requestBody: {
        to: [{ name: "Billing", email: emulator.user(1).username }],
        subject: "Grüße über SMTP",
        body: "<p>arrived – wirklich</p>",
      },
    });
    expect(sent.data).toMatchObject({ grantId: sender, subject: "Grüße über SMTP" });

    const { data } = await nylas.messages.list({ identifier: receiver });
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      id: sent.data.id,
      grantId: receiver,
      subject: "Grüße über SMTP",
      from: [{ email: emulator.user(0).username }],
      to: [{ name: "Billing", email: emulator.user(1).username }],
      unread: true,
    });
    expect(data[0]?.body).toContain("arrived – wirklich");
  });

  it("list the messages of a mailbox page by page", async () => {
    const [sender, receiver] = [present(ids[1]), present(ids[0])];
    for (const subject of ["first", "second", "third"]) {
      const requestBody = { to: [{ email: emulator.user(0).username }], subject };
      await nylas.messages.send({ identifier: sender, requestBody });
    }
    const subjects = [];
    for await (const page of nylas.messages.list({ identifier: receiver, queryParams: { limit: 2 } })) {
      subjects.push(page.data.map(({ subject }) => subject));
    }
    expect(subjects).toEqual([["third", "second"], ["first"]]);
  });

  it("show the folders of the mailbox", async () => {
    const { data } = await nylas.folders.list({ identifier: present(ids[0]) });
    expect(data.map(({ name }) => name)).toContain("INBOX");
  });
});

describe("refusals seen through the official SDK", () => {
  const unknown = "6e0f4a3e-0000-4000-8000-000000000000";

  beforeEach(() => emulator.forgetRequests());

  it("401 for a wrong key, on every route that takes one", async () => {
    const stranger = client("nyk_somebody_elses");
    const asked = [
      stranger.applications.getDetails(),
      stranger.connectors.list({}),
      stranger.grants.list(),
      stranger.grants.find({ grantId: unknown }),
      stranger.messages.list({ identifier: unknown }).then((page) => page.data),
      stranger.auth.customAuthentication({ requestBody: { provider: "imap", settings: settings(0) } }),
    ];
    for (const error of await Promise.all(asked.map(refusal))) {
      expect(error.statusCode).toBe(401);
      expect(error.type).toBe("api.authentication_error");
    }
    expect((await emulator.requests()).map(({ status }) => status)).toEqual(asked.map(() => 401));
  });

  it("404 for a grant that is not there", async () => {
    const error = await refusal(nylas.grants.find({ grantId: unknown }));
    expect(error.statusCode).toBe(404);
    expect(error.type).toBe("grant.not_found");
    expect((await refusal(nylas.grants.destroy({ grantId: unknown }))).statusCode).toBe(404);
  });

  it("400 for a wrong password, and the grant stays as it was", async () => {
    const before = await emulator.grantOf(emulator.user(0).username);
    const wrong = { ...settings(0), imapPassword: "not-the-password" };
    const error = await refusal(
      nylas.auth.customAuthentication({ requestBody: { provider: "imap", settings: wrong } }),
    );
    expect(error.statusCode).toBe(400);
    expect(error.type).toBe("grant.invalid_authentication");
    expect(error.message).not.toContain("not-the-password");
    expect(await emulator.grantOf(emulator.user(0).username)).toEqual(before);
  });
});

describe("the end, through the official SDK", () => {
  it("destroys a grant, and then there is none", async () => {
    const { id } = await emulator.grantOf(emulator.user(0).username);
    const { requestId } = await nylas.grants.destroy({ grantId: id });
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await refusal(nylas.grants.find({ grantId: id }))).statusCode).toBe(404);
    expect((await refusal(nylas.messages.list({ identifier: id }).then((page) => page.data))).statusCode).toBe(404);
  });

  it("destroys the connector, after which no mailbox can be connected", async () => {
    await nylas.connectors.destroy({ provider: "imap" });
    expect((await nylas.connectors.list({})).data).toEqual([]);
    expect((await refusal(nylas.connectors.find({ provider: "imap" }))).statusCode).toBe(404);
    const again = nylas.auth.customAuthentication({ requestBody: { provider: "imap", settings: settings(0) } });
    expect((await refusal(again)).statusCode).toBe(400);
  });
});
