import { afterAll, beforeAll, expect, it } from "vitest";
import { preflight } from "../../../provider/src/preflight/preflight.js";
import { startCli, stopCli } from "../../../tools/harness/emulator-process.js";
import { here } from "../../support/here.js";
import { ask, connect, type MailboxSettings } from "./ask.js";
import { AT } from "./dovecot.js";
import { describeWithDovecot } from "./installed.js";
import { type MailSurroundings, startDovecotAndEmulator } from "./surroundings.js";

/** Each hard for some notation: command lines of IMAP, SASL, configuration files, URLs. */
const PASSWORDS = [
  "with  blanks",
  " blanks around ",
  "a \"quoted\" 'word'",
  'back\\slash \\"',
  "100% %u %{user} %%",
  "pässwörd 漢字 🔑",
  "a:b;c,d=e&f?g#h@i",
  "{PLAIN}literal {12}",
  "$HOME `id` $(id)",
  "long ".repeat(60),
];
const ADA = "ada@example.test";
const BEN = "ben@example.test";
const SUBMITTER = "submitter@example.test";
const INVALID_GRANT = { status: 401 };

interface Message {
  id: string;
  subject: string;
  body: string;
  from: { email: string }[];
  to: { email: string }[];
  unread: boolean;
  attachments: { filename?: string; content_type: string; size: number; is_inline: boolean }[];
}

const FOREIGN = Buffer.from(
  [
    ...["From: x@example.test", "To: y@example.test", "Subject: =?iso-8859-1?Q?Gr=FC=DFe?=", "MIME-Version: 1.0"],
    ...["Content-Type: multipart/mixed; boundary=a", "", "--a", "Content-Type: multipart/alternative; boundary=b", ""],
    ...["--b", "Content-Type: text/plain; charset=iso-8859-1", "", "Gr\xfc\xdfe"],
    ...["--b", "Content-Type: text/html; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", ""],
    ...["<p>Gr=FC=DFe</p>", "--b--", "--a", "Content-Type: text/csv"],
    ...["Content-Disposition: attachment; filename*=utf-8''Ma%C3%9Fe.csv", "Content-Transfer-Encoding: base64", ""],
    ...["MTsy", "--a--", ""],
  ].join("\r\n"),
  "latin1",
);

let dovecot: MailSurroundings["dovecot"];
let emulator: MailSurroundings["emulator"];
let close: MailSurroundings["close"] | undefined;

describeWithDovecot("Mail and passwords at Dovecot", () => {
  beforeAll(async () => {
    const awkward = Object.fromEntries(PASSWORDS.map((password, index) => [awkwardUser(index), password]));
    const users = { [ADA]: "of ada", [BEN]: "of ben", [SUBMITTER]: "for sending only", ...awkward };
    ({ dovecot, emulator, close } = await startDovecotAndEmulator(users));
  });

  afterAll(() => close?.());

  for (const [index, password] of PASSWORDS.entries()) {
    it(`takes the password ${JSON.stringify(password.slice(0, 30))} over IMAP and SMTP, in both TLS modes`, async () => {
      const { ports } = dovecot;
      const username = awkwardUser(index);
      for (const [imapPort, smtpPort] of [
        [ports.imaps, ports.submissions],
        [ports.imap, ports.submission],
      ] as const) {
        const imap = { host: AT.good, port: imapPort };
        const smtp = { host: AT.good, port: smtpPort };
        const { id } = await granted({ username, password, imap, smtp });
        await send(id, { to: username, subject: `to port ${smtpPort}` });
        expect((await messages(id))[0]).toMatchObject({ subject: `to port ${smtpPort}` });
        const servers = { imapHost: imap.host, imapPort, smtpHost: smtp.host, smtpPort };
        await preflight({ imapUsername: username, imapPassword: password, ...servers }, "enforce", here().notices);
      }
      const servers = { imap: { host: AT.good, port: ports.imaps } };
      expect(await connect(emulator, { username, password: `${password}x`, ...servers })).toMatchObject({
        status: 400,
        type: "grant.invalid_authentication",
      });
    });
  }

  it("reads what it has sent: addresses, subject, body and identity", async () => {
    const ada = await granted(mailbox(ADA));
    const ben = await granted(mailbox(BEN));
    const body = `<p>Grüße &amp; 漢字</p>\n.\n.. a line of dots\n${"long ".repeat(300)}`;
    const sent = await send(ada.id, { to: BEN, subject: "Grüße: 漢字 🔑", body });
    const [read] = await messages(ben.id);
    expect(read).toMatchObject({
      id: sent.id,
      subject: "Grüße: 漢字 🔑",
      from: [{ email: ADA }],
      to: [{ email: BEN }],
      unread: true,
    });
    expect(read?.body.replaceAll("\r\n", "\n").trimEnd()).toBe(body.trimEnd());
  });

  it("files what is sent in the folder of sent messages, once, by the id of the answer", async () => {
    await dovecot.createFolder(SUBMITTER, ["Sent"]);
    const { id } = await granted(mailbox(SUBMITTER));
    const sent = await send(id, { to: BEN, subject: "filed" });
    const path = `/v3/grants/${id}/messages/${encodeURIComponent(sent.id)}`;
    expect(await emulator.call("GET", path)).toMatchObject({ id: sent.id, folders: ["Sent"], unread: false });
    const filed = await emulator.call<Message[]>("GET", `/v3/grants/${id}/messages?in=Sent&subject=filed`);
    expect(filed.map((message) => message.id)).toEqual([sent.id]);
  });

  it("reads a message that another program has put there, in parts and in Latin-1", async () => {
    await dovecot.append(ADA, FOREIGN);
    const { id } = await granted(mailbox(ADA));
    const [read] = await messages(id);
    expect(read).toMatchObject({ subject: "Grüße", body: "<p>Grüße</p>", from: [{ email: "x@example.test" }] });
    const shown = { filename: "Maße.csv", content_type: "text/csv", size: 3, is_inline: false };
    expect(read?.attachments).toEqual([expect.objectContaining(shown)]);
  });

  it("pages through a folder, the newest first", async () => {
    const { id } = await granted(mailbox(SUBMITTER));
    for (const subject of ["first", "second", "third"]) await send(id, { to: SUBMITTER, subject });
    expect(await subjectsByOne(id)).toEqual(["third", "second", "first"]);
  });

  it("finds messages by their state, page by page", async () => {
    const { id } = await granted(mailbox(BEN));
    for (const subject of ["read", "starred", "both", "neither"]) await send(id, { to: BEN, subject });
    await dovecot.flag(BEN, "read", ["\\Seen"]);
    await dovecot.flag(BEN, "starred", ["\\Flagged"]);
    await dovecot.flag(BEN, "both", ["\\Seen", "\\Flagged"]);
    const found = async (query: string): Promise<string[]> =>
      (await emulator.call<Message[]>("GET", `/v3/grants/${id}/messages?${query}`)).map(({ subject }) => subject);
    expect(await found("unread=false")).toEqual(["both", "read"]);
    expect(await found("starred=true")).toEqual(["both", "starred"]);
    expect(await found("starred=true&unread=true")).toEqual(["starred"]);
    expect(await subjectsByOne(id, "unread=false")).toEqual(["both", "read"]);
    const all = await found("");
    const unread = await found("unread=true");
    const folders = await emulator.call("GET", `/v3/grants/${id}/folders`);
    const counts = { total_count: all.length, unread_count: unread.length };
    expect(folders).toContainEqual(expect.objectContaining({ id: "INBOX", ...counts }));
    expect(all.length - unread.length).toBe(2);
  });

  it("lists folders by the server's own separator, and reads one of them", async () => {
    await dovecot.createFolder(ADA, ["Bücher", "2026"]);
    const { id } = await granted(mailbox(ADA));
    const folders = await emulator.call<{ id: string; name: string; parent_id?: string }[]>(
      "GET",
      `/v3/grants/${id}/folders`,
    );
    expect(folders).toContainEqual(
      expect.objectContaining({ id: "INBOX", system_folder: true, attributes: expect.arrayContaining(["\\Inbox"]) }),
    );
    expect(folders).toContainEqual(
      expect.objectContaining({ id: "Bücher.2026", name: "2026", parent_id: "Bücher", system_folder: false }),
    );
    const inside = `/v3/grants/${id}/messages?in=${encodeURIComponent("Bücher.2026")}`;
    expect(await ask(emulator, "GET", inside)).toMatchObject({ status: 200, data: [] });
    const one = `/v3/grants/${id}/folders/${encodeURIComponent("Bücher.2026")}`;
    expect(await emulator.call("GET", one)).toEqual(folders.find((folder) => folder.id === "Bücher.2026"));
    expect(await ask(emulator, "GET", `/v3/grants/${id}/messages?in=None`)).toMatchObject({ status: 404 });
  });

  it("reads one message, also after another mail program has moved it", async () => {
    const { id } = await granted(mailbox(ADA));
    const sent = await send(id, { to: ADA, subject: "to be moved" });
    const one = `/v3/grants/${id}/messages/${encodeURIComponent(sent.id)}`;
    expect(await emulator.call("GET", one)).toMatchObject({ subject: "to be moved", folders: ["INBOX"] });
    await dovecot.createFolder(ADA, ["Moved"]);
    await dovecot.move(ADA, "to be moved", "Moved");
    expect(await emulator.call("GET", one)).toMatchObject({ id: sent.id, folders: ["Moved"] });
  });

  it("sends with a user name and a password of the SMTP server's own", async () => {
    const own = { smtpUsername: SUBMITTER, smtpPassword: dovecot.passwordOf(SUBMITTER) };
    const { id } = await granted({ ...mailbox(ADA), ...own });
    await send(id, { to: BEN, subject: "by the submitter" });
    const logins = dovecot.log().match(/submission-login: Info: (Login|Logged in): user=<[^>]*>/g);
    expect(logins?.at(-1)).toContain(SUBMITTER);

    const wrong = await granted({ ...mailbox(ADA), ...own, smtpPassword: dovecot.passwordOf(ADA) });
    expect(wrong.id).toBe(id);
    const message = { to: [{ email: BEN }], subject: "not to arrive", body: "" };
    expect(await ask(emulator, "POST", `/v3/grants/${id}/messages/send`, message)).toMatchObject({ status: 403 });
    expect(await emulator.grantOf(ADA)).toMatchObject({ grant_status: "valid" });
    expect(await messages(id)).toBeDefined();
  });

  it("calls a grant invalid when the server has another password, and valid after the new one", async () => {
    const { id } = await granted(mailbox(BEN));
    const old = dovecot.passwordOf(BEN);
    await dovecot.setPassword(BEN, "changed at the server");
    expect(await emulator.grantOf(BEN)).toMatchObject({ grant_status: "valid" });
    expect(await ask(emulator, "GET", `/v3/grants/${id}/messages`)).toMatchObject(INVALID_GRANT);
    expect(await emulator.grantOf(BEN)).toMatchObject({ id, grant_status: "invalid" });
    for (const path of ["folders", "messages"]) {
      expect(await ask(emulator, "GET", `/v3/grants/${id}/${path}`)).toMatchObject(INVALID_GRANT);
    }
    expect(await connect(emulator, { ...mailbox(BEN), password: old })).toMatchObject({ status: 400 });
    expect((await granted(mailbox(BEN))).id).toBe(id);
    expect(await emulator.grantOf(BEN)).toMatchObject({ id, grant_status: "valid" });
    expect(await messages(id)).toBeDefined();
  });

  it("reaches a privately signed server only with `--ca`", async () => {
    for (const [args, status] of [
      [[], 504],
      [["--ca", dovecot.ca], 201],
    ] as const) {
      const cli = startCli(...args);
      try {
        const { apiUri, apiKey } = await cli.ready();
        const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
        const post = (path: string, body: unknown) =>
          fetch(`${apiUri}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
        await post("/v3/connectors", { provider: "imap", name: "mail" });
        const settings = {
          imap_username: ADA,
          imap_password: dovecot.passwordOf(ADA),
          imap_host: AT.good,
          imap_port: dovecot.ports.imaps,
        };
        expect((await post("/v3/connect/custom", { provider: "imap", settings })).status).toBe(status);
      } finally {
        await stopCli(cli);
      }
    }
  });
});

function awkwardUser(index: number): string {
  return `awkward-${index}@example.test`;
}

function mailbox(username: string): MailboxSettings {
  const { ports } = dovecot;
  return {
    username,
    password: dovecot.passwordOf(username),
    imap: { host: AT.good, port: ports.imaps },
    smtp: { host: AT.good, port: ports.submissions },
  };
}

async function granted(settings: MailboxSettings): Promise<{ id: string }> {
  expect(await connect(emulator, settings)).toMatchObject({ status: 201 });
  return emulator.grantOf(settings.username);
}

function send(id: string, message: { to: string; subject: string; body?: string }): Promise<Message> {
  const { to, subject, body = "" } = message;
  return emulator.call("POST", `/v3/grants/${id}/messages/send`, { to: [{ email: to }], subject, body });
}

/** Read in pages of one message. */
async function subjectsByOne(id: string, filter = ""): Promise<string[]> {
  const subjects: string[] = [];
  let cursor = "";
  do {
    const token = cursor === "" ? "" : `&page_token=${cursor}`;
    const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${id}/messages?${filter}&limit=1${token}`, {
      headers: { authorization: `Bearer ${emulator.emulator.apiKey}` },
    });
    // The envelope of a list.
    const page = (await answer.json()) as { data: Message[]; next_cursor?: string };
    expect(page.data).toHaveLength(1);
    subjects.push(...page.data.map(({ subject }) => subject));
    cursor = page.next_cursor ?? "";
  } while (cursor !== "");
  return subjects;
}

function messages(id: string): Promise<Message[]> {
  return emulator.call("GET", `/v3/grants/${id}/messages`);
}
