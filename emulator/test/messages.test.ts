import { randomBytes } from "node:crypto";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";

const FAR_OFF = 4_000_000_000;
const PDF = randomBytes(20_000);
const ALL = ["Invoice 2", "Invoice 1", "Hello"];

let emulator: TestEmulator;
let grants: string[];
/** The grant of the mailbox with the messages. */
let grant: string;

async function ask(query: string, kind = "messages"): Promise<{ status: number; body: Answer }> {
  const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${grant}/${kind}?${query}`, {
    headers: { authorization: `Bearer ${emulator.emulator.apiKey}` },
  });
  // Every answer has one of Nylas's two envelopes.
  return { status: answer.status, body: (await answer.json()) as Answer };
}

interface ShownMessage {
  id: string;
  thread_id: string;
  folders: string[];
  from: { name?: string; email: string }[];
  reply_to: { name?: string; email: string }[];
  in_reply_to?: string;
  body: string;
  snippet?: string;
  attachments: { id: string; filename?: string; content_type: string; size: number }[];
}

interface Answer {
  data?: { id: string; subject: string; date: number }[];
  next_cursor?: string;
  error?: { type: string; message: string };
}

async function found(query: string): Promise<string[] | undefined> {
  return (await ask(query)).body.data?.map(({ subject }) => subject);
}

/** Replaces user numbers with addresses. */
function addressed(query: string): string {
  return query.replace(/\d+@/g, (index) => encodeURIComponent(emulator.user(Number.parseInt(index, 10)).username));
}

beforeAll(async () => {
  emulator = await TestEmulator.start();
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  grants = (await Promise.all(emulator.users.map((_, index) => emulator.foreignGrant(index)))).map(({ id }) => id);
  grant = present(grants[2]);
  const to = [{ email: emulator.user(2).username }];
  const cc = [{ email: emulator.user(1).username }];
  await emulator.call("POST", `/v3/grants/${grants[1]}/messages/send`, { to, subject: "Hello" });
  await emulator.call("POST", `/v3/grants/${grants[0]}/messages/send`, { to, subject: "Invoice 1" });
  await emulator.call("POST", `/v3/grants/${grants[0]}/messages/send`, { to, cc, subject: "Invoice 2" });
});

afterAll(() => emulator.close());

describe("a list of messages", () => {
  it.each([
    ["", ALL],
    ["subject=Invoice", ["Invoice 2", "Invoice 1"]],
    ["subject=invoice", []],
    ["from=0@", ["Invoice 2", "Invoice 1"]],
    ["from=0@,1@", []],
    ["from=0@&from=1@", ["Hello"]],
    ["any_email=0@,1@", ALL],
    ["in=Trash&in=INBOX", ALL],
    ["in=inbox", ALL],
    ["from=nobody@example.test", []],
    ["to=2@", ALL],
    ["to=1@", []],
    ["cc=1@", ["Invoice 2"]],
    ["bcc=1@", []],
    ["any_email=1@", ["Invoice 2", "Hello"]],
    ["any_email=1@&subject=Invoice", ["Invoice 2"]],
    ["unread=true", ALL],
    ["unread=True", ALL],
    ["unread=false", []],
    ["starred=false", ALL],
    ["starred=true", []],
    ["received_after=0", ALL],
    [`received_after=${FAR_OFF}`, []],
    [`received_before=${FAR_OFF}`, ALL],
    ["received_before=1", []],
    ["query_imap=true", ALL],
    ["fields=standard", ALL],
    ["in=Trash&subject=Invoice", []],
    ["has_attachment=false", ALL],
    ["has_attachment=True", []],
    ["has_attachment=false&subject=Invoice", ["Invoice 2", "Invoice 1"]],
  ])("?%s", async (query, subjects) => {
    expect(await found(addressed(query))).toEqual(subjects);
  });

  it("names the folder as its id does", async () => {
    const { body } = await ask("in=inbox&limit=1");
    expect(body.data).toMatchObject([{ folders: ["INBOX"] }]);
  });

  it("knows a message's own second as neither before nor after it", async () => {
    const [newest] = (await ask("limit=1")).body.data ?? [];
    const date = present(newest?.date);
    expect(await found(`received_after=${date}`)).not.toContain("Invoice 2");
    expect(await found(`received_after=${date - 1}`)).toContain("Invoice 2");
    expect(await found(`received_before=${date}`)).not.toContain("Invoice 2");
    expect(await found(`received_before=${date + 1}`)).toContain("Invoice 2");
  });

  it("has pages of what is found, too", async () => {
    const first = await ask("subject=Invoice&limit=1");
    expect(first.body.data?.map(({ subject }) => subject)).toEqual(["Invoice 2"]);
    const second = await ask(`subject=Invoice&limit=1&page_token=${first.body.next_cursor}`);
    expect(second.body.data?.map(({ subject }) => subject)).toEqual(["Invoice 1"]);
    expect(second.body).not.toHaveProperty("next_cursor");
  });

  it.each([
    ["unread=perhaps", "Query parameter unread must be true or false."],
    ["has_attachment=perhaps", "Query parameter has_attachment must be true or false."],
    ["received_after=yesterday", "Query parameter received_after must be a time in Unix seconds."],
    [`any_email=${Array.from({ length: 26 }, (_, index) => `${index}@example.test`)}`, "takes at most 25 addresses."],
    ...["metadata_pair=key1:a", "search_query_native=invoice", "select=id", "thread_id=1"].map(
      (query): [string, string] => [
        query,
        `does not play the query parameter ${query.split("=")[0]}, which Nylas has.`,
      ],
    ),
    ["fields=raw_mime", "does not play the query parameter fields, which Nylas has."],
  ])("refuses ?%s", async (query, message) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type: "api.invalid_request_error", message: expect.stringContaining(message) });
  });
});

describe("one message", () => {
  it("is what the list shows", async () => {
    const messages = present((await ask("")).body.data);
    expect(messages).toHaveLength(ALL.length);
    for (const message of messages) {
      const path = `messages/${encodeURIComponent(message.id)}`;
      expect((await ask("query_imap=true", path)).body.data).toEqual(message);
    }
  });

  it.each(["messages/%3Cnobody%40example.test%3E", "messages/send", "folders/Nowhere", "folders/INBOX%2FNowhere"])(
    "or folder that is not there, %s, is 404",
    async (path) => {
      const { status, body } = await ask("", path);
      expect([status, body.error?.type]).toEqual([404, "api.not_found_error"]);
    },
  );

  it.each(["select", "shared_from", "fields"])("refuses ?%s", async (name) => {
    const { status, body } = await ask(`${name}=id`, "messages/an-id");
    expect(status).toBe(400);
    expect(body.error?.message).toContain(`does not play the query parameter ${name}`);
  });
});

describe("a message that is sent", () => {
  async function sent(fields: Record<string, unknown>, from = 0): Promise<ShownMessage> {
    const message = { to: [{ email: emulator.user(1).username }], subject: "sent", ...fields };
    return emulator.call("POST", `/v3/grants/${grants[from]}/messages/send`, message);
  }

  async function read(id: string, of: number): Promise<ShownMessage> {
    return emulator.call("GET", `/v3/grants/${grants[of]}/messages/${encodeURIComponent(id)}`);
  }

  async function send(fields: Record<string, unknown>): Promise<{ status: number; message: string | undefined }> {
    const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${grants[0]}/messages/send`, {
      method: "POST",
      headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ to: [{ email: emulator.user(1).username }], subject: "sent", ...fields }),
    });
    // As above.
    const { error } = (await answer.json()) as Answer;
    return { status: answer.status, message: error?.message };
  }

  async function newest(): Promise<ShownMessage> {
    return present((await emulator.call<ShownMessage[]>("GET", `/v3/grants/${grants[1]}/messages?limit=1`))[0]);
  }

  it("has the sender's name", async () => {
    const [name, domain] = emulator.user(0).username.split("@");
    const from = [{ name: 'Support, "Tier" 1 \\ Grüße', email: `${name?.toUpperCase()}@${domain}` }];
    expect(await send({ from, subject: "by name" })).toMatchObject({ status: 200 });
    expect(await newest()).toMatchObject({ subject: "by name", from });
  });

  it("is HTML, unless it is said to be plain", async () => {
    const body = "1 < 2 & <b>bold</b>";
    const raw = async (): Promise<string> => {
      const client = new ImapFlow({
        ...{ ...emulator.imap, secure: true, logger: false, tls: { ca: present(emulator.emulator.ca) } },
        auth: { user: emulator.user(1).username, pass: emulator.user(1).password },
      });
      await client.connect();
      await client.mailboxOpen("INBOX");
      const { source } = present((await client.fetchAll("*", { source: true })).at(-1));
      await client.logout();
      return present(source).toString("latin1");
    };
    expect(await send({ body })).toMatchObject({ status: 200 });
    expect(await raw()).toContain("Content-Type: text/html");
    expect(await send({ body, is_plaintext: true })).toMatchObject({ status: 200 });
    expect(await raw()).toContain("Content-Type: text/plain");
    expect(await newest()).toMatchObject({ body: expect.stringContaining(body) });
  });

  it("has attachments, which the message shows that arrives", async () => {
    const attachments = [
      { filename: "Rechnung März.pdf", content_type: "application/pdf", content: PDF.toString("base64") },
      { filename: "logo.png", content_type: "image/png", content: "iVBORw0=", content_id: "logo@example.test" },
      { content: "YQ==" },
    ];
    const body = '<img src="cid:logo@example.test">';
    expect(await send({ body, attachments })).toMatchObject({ status: 200 });
    const shown = [
      { filename: "Rechnung März.pdf", content_type: "application/pdf", size: PDF.length, is_inline: false },
      { filename: "logo.png", content_type: "image/png", size: 5, content_id: "logo@example.test", is_inline: true },
      { content_type: "application/octet-stream", size: 1, is_inline: false },
    ];
    const { attachments: arrived, ...message } = await newest();
    expect(message).toMatchObject({ body });
    expect(arrived).toHaveLength(shown.length);
    for (const attachment of shown) expect(arrived).toContainEqual(expect.objectContaining(attachment));
    expect(new Set(arrived?.map(({ id }) => id)).size).toBe(shown.length);
  });

  it("has the same attachments, with the same ids, in the answer, in the Sent folder and where it arrives", async () => {
    const attachments = [
      { filename: "a.pdf", content_type: "application/pdf; name=a.pdf", content: PDF.toString("base64") },
      { filename: "logo.png", content_type: "image/png", content: "iVBORw0=", content_id: "logo@example.test" },
    ];
    const answer = await sent({ body: '<img src="cid:logo@example.test">', attachments });
    const ids = answer.attachments.map(({ id, filename }) => [filename, id]);
    expect(ids.toSorted()).toEqual([
      ["a.pdf", expect.stringMatching(/:\d$/)],
      ["logo.png", expect.stringMatching(/:\d$/)],
    ]);
    const shown = answer.attachments.map((attachment) => ({ ...attachment, grant_id: expect.anything() }));
    expect((await read(answer.id, 0)).attachments).toEqual(shown);
    expect((await read(answer.id, 1)).attachments).toEqual(shown);
    const found = await emulator.call<ShownMessage[]>("GET", `/v3/grants/${grants[1]}/messages?has_attachment=true`);
    expect(found.map(({ id }) => id)).toContain(answer.id);
  });

  it("is in the sender's Sent folder, by the id of the answer", async () => {
    const { id } = await sent({ subject: "kept", bcc: [{ email: emulator.user(2).username }] });
    expect(await read(id, 0)).toMatchObject({ id, subject: "kept", folders: ["Sent"], unread: false });
    const inSent = await emulator.call<ShownMessage[]>("GET", `/v3/grants/${grants[0]}/messages?in=Sent&limit=1`);
    expect(inSent).toMatchObject([{ id }]);
    // To the one in bcc as well.
    expect(await read(id, 2)).toMatchObject({ id, folders: ["INBOX"], unread: true, bcc: [] });
  });

  it("has the addresses to reply to, which the message shows that arrives", async () => {
    const replyTo = [{ name: "Desk", email: "desk@example.test" }, { email: "other@example.test" }];
    const { id } = await sent({ reply_to: replyTo });
    expect(await read(id, 1)).toMatchObject({ reply_to: replyTo });
    expect((await read((await sent({})).id, 1)).reply_to).toEqual([]);
  });

  it("may answer another one, and is of its thread", async () => {
    const question = await sent({ subject: "a question" });
    const reply = { subject: "Re: a question", to: [{ email: emulator.user(0).username }] };
    const answer = await sent({ ...reply, reply_to_message_id: question.id }, 1);
    expect(answer).toMatchObject({ reply_to_message_id: question.id, thread_id: question.id });
    expect(await read(answer.id, 0)).toMatchObject({ in_reply_to: question.id, thread_id: question.id });
    const again = await sent({ ...reply, reply_to_message_id: answer.id }, 1);
    expect(await read(again.id, 0)).toMatchObject({ in_reply_to: answer.id, thread_id: question.id });
    expect(await read(question.id, 1)).not.toHaveProperty("in_reply_to");
    expect(await send({ reply_to_message_id: "<nobody@example.test>" })).toMatchObject({ status: 404 });
  });

  it.each([
    ["Caf&eacute; &amp; <b>bo</b>ld<br>and <i>more</i>", "Caf&eacute; & bold and more"],
    ["<html><head><title>T</title><style>p > a { color: red }</style></head><p>One</p><p>Two</p>", "One Two"],
    [
      "<!-- a <b>comment</b> --><div>seen</div><script>if (1 < 2) hidden()</script> 1 &lt; 2 < 3 &#8364;",
      "seen 1 < 2 < 3 €",
    ],
    ["<p>unfinished <b", "unfinished"],
    [`<p>${"x".repeat(300)}</p>`, "x".repeat(200)],
    ["<p></p>", undefined],
  ])("has as its snippet the words of %s", async (body, snippet) => {
    const answer = await sent({ body });
    expect([answer.snippet, (await read(answer.id, 1)).snippet]).toEqual([snippet, snippet]);
  });

  it.each([
    ["a text", "content", "Field attachments must be an array of {filename, content_type, content}."],
    ["a list of texts", ["content"], "Field attachments must be an array of {filename, content_type, content}."],
    ["one without content", [{ filename: "a.txt" }], "An attachment needs its content, in Base64."],
    ["one that is no Base64", [{ filename: "a.txt", content: "a b ü" }], "An attachment needs its content, in Base64."],
  ])("is not sent with attachments that are %s", async (_name, attachments, message) => {
    expect(await send({ attachments })).toEqual({ status: 400, message });
  });

  it("is not sent as a form, as clients do with large attachments", async () => {
    const form = new FormData();
    form.set("message", JSON.stringify({ to: [{ email: emulator.user(1).username }], subject: "large" }));
    const answer = await fetch(`${emulator.emulator.apiUri}/v3/grants/${grants[0]}/messages/send`, {
      method: "POST",
      headers: { authorization: `Bearer ${emulator.emulator.apiKey}` },
      body: form,
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("above 3 MB")]);
  });

  it("may say what it does not want", async () => {
    const nothing = {
      ...{ attachments: [], custom_headers: null, metadata: {}, send_at: 0, use_draft: false },
      tracking_options: { opens: false, links: false, thread_replies: false },
    };
    expect(await send(nothing)).toMatchObject({ status: 200 });
  });

  it.each([
    ["custom_headers", [{ name: "X-A", value: "1" }]],
    ["metadata", { key1: "a" }],
    ["send_at", FAR_OFF],
    ["signature_id", "1"],
    ["template", { id: "1" }],
    ["tracking_options", { opens: true }],
    ["use_draft", true],
  ])("is not sent with %s", async (field, value) => {
    const before = await newest();
    const message = `The emulator does not play the field ${field}, which Nylas has.`;
    expect(await send({ [field]: value })).toEqual({ status: 400, message });
    expect(await newest()).toEqual(before);
  });

  it("is not sent with a query that asks for other fields than the standard ones", async () => {
    const answer = await fetch(
      `${emulator.emulator.apiUri}/v3/grants/${grants[0]}/messages/send?fields=include_headers`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${emulator.emulator.apiKey}`, "content-type": "application/json" },
        body: JSON.stringify({ to: [{ email: emulator.user(1).username }] }),
      },
    );
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("query parameter fields")]);
  });

  it("is not sent from another address", async () => {
    const own = emulator.user(0).username;
    const message = `The emulator sends from the grant's own address alone, ${own}.`;
    for (const from of [[{ email: "x@example.test" }], [{ email: own }, { email: own }]]) {
      expect(await send({ from })).toEqual({ status: 400, message });
    }
  });
});

describe("a message of another mail program", () => {
  /** A message as the embedded SMTP server receives it. */
  async function deliver(lines: readonly string[]): Promise<ShownMessage> {
    const { username, password } = emulator.user(1);
    const transport = createTransport({
      ...{ ...emulator.smtp, secure: true, auth: { user: username, pass: password } },
      tls: { ca: present(emulator.emulator.ca) },
    });
    const raw = Buffer.from(["From: x@example.test", "Subject: raw", ...lines].join("\r\n"), "latin1");
    await transport.sendMail({ envelope: { from: username, to: username }, raw });
    const [message] = await emulator.call<ShownMessage[]>("GET", `/v3/grants/${grants[1]}/messages?limit=1`);
    return present(message);
  }

  const ALTERNATIVE = [
    ...["--b", 'Content-Type: text/plain; charset="iso-8859-1"', "", "Gr\xfc\xdfe", "--b"],
    ...['Content-Type: text/html; charset="utf-8"', "Content-Transfer-Encoding: base64", ""],
    ...[Buffer.from("<p>Grüße</p>").toString("base64"), "--b--"],
  ];

  it.each([
    ["plain text in Latin-1", ["Content-Type: text/plain; charset=iso-8859-1", "", "Gr\xfc\xdfe"], "Grüße", 0],
    ["no type at all", ["", "only text"], "only text", 0],
    ["text and HTML", ["Content-Type: multipart/alternative; boundary=b", "", ...ALTERNATIVE], "<p>Grüße</p>", 0],
    [
      "text, HTML and a file",
      [
        ...["Content-Type: multipart/mixed; boundary=a", "", "--a"],
        ...["Content-Type: multipart/alternative; boundary=b", "", ...ALTERNATIVE, "--a"],
        ...["Content-Type: text/csv", "Content-Disposition: attachment; filename=a.csv", "", "1;2", "--a--"],
      ],
      "<p>Grüße</p>",
      1,
    ],
    ["a file alone", ["Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "", "JVBERg=="], "", 1],
    ["parts that do not end", ["Content-Type: multipart/mixed; boundary=a", "", "--a", "", "half"], "half", 0],
    ["parts that there are none of", ["Content-Type: multipart/mixed", "", "nothing"], "", 0],
    [
      "a forwarded message",
      [
        ...["Content-Type: multipart/mixed; boundary=a", "", "--a", "", "see below", "--a"],
        ...["Content-Type: message/rfc822", "", "Subject: inner", "", "inner", "--a--"],
      ],
      "see below",
      1,
    ],
    [
      "messages in messages without end",
      Array.from({ length: 10_000 }, () => ["Content-Type: message/rfc822", ""]).flat(),
      "",
      1,
    ],
    ["more nesting than is read", nested(1_000), "", 0],
  ])("of %s is read", async (_name, lines, body, attachments) => {
    const message = await deliver(lines);
    expect(message.body).toBe(body);
    expect(message.attachments).toHaveLength(attachments);
  });

  function nested(depth: number): string[] {
    const parts = Array.from({ length: depth }, (_, level) => [
      ...[`Content-Type: multipart/mixed; boundary=b${level}`, "", `--b${level}`],
    ]);
    return [...parts.flat(), "Content-Type: text/plain", "", "deep"];
  }
});

describe("a message without an id of its own", () => {
  it("has one in its folder, and can be answered", async () => {
    const { username, password } = emulator.user(0);
    const transport = createTransport({
      ...{ ...emulator.smtp, secure: true, auth: { user: username, pass: password } },
      tls: { ca: present(emulator.emulator.ca) },
    });
    const raw = Buffer.from(`From: ${username}\r\nSubject: no id\r\n\r\n`);
    // To itself: it is in both folders.
    await transport.sendMail({ envelope: { from: username, to: username }, raw });
    const [inbox] = await newestWithoutId("INBOX");
    const [sent] = await newestWithoutId("Sent");
    const shown = [inbox, sent].map(present);
    const ids = shown.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const { id, folders } of shown) {
      const path = `/v3/grants/${grants[0]}/messages/${encodeURIComponent(id)}`;
      expect(await emulator.call<ShownMessage>("GET", path)).toMatchObject({ id, folders });
    }
    const answer = { to: [{ email: emulator.user(0).username }], subject: "Re", reply_to_message_id: ids[0] };
    await emulator.call("POST", `/v3/grants/${grants[0]}/messages/send`, answer);
    const [newest] = await emulator.call<ShownMessage[]>("GET", `/v3/grants/${grants[0]}/messages?limit=1`);
    expect(newest).not.toHaveProperty("in_reply_to");
  });

  function newestWithoutId(folder: string): Promise<ShownMessage[]> {
    const path = `/v3/grants/${grants[0]}/messages?in=${folder}&subject=${encodeURIComponent("no id")}`;
    return emulator.call<ShownMessage[]>("GET", path);
  }
});

describe("one folder", () => {
  it("is what the list shows", async () => {
    const folders = present((await ask("", "folders")).body.data);
    for (const folder of folders) {
      expect((await ask("", `folders/${encodeURIComponent(folder.id)}`)).body.data).toEqual(folder);
    }
  });

  it.each(["select", "shared_from"])("refuses ?%s", async (name) => {
    const { status, body } = await ask(`${name}=id`, "folders/INBOX");
    expect(status).toBe(400);
    expect(body.error?.message).toContain(`does not play the query parameter ${name}`);
  });
});

describe("a list of folders", () => {
  it("has pages", async () => {
    const whole = (await ask("", "folders")).body.data?.map(({ id }) => id) ?? [];
    expect(whole.length).toBeGreaterThan(2);
    const first = await ask("limit=2", "folders");
    const rest = await ask(`page_token=${first.body.next_cursor}`, "folders");
    expect([...(first.body.data ?? []), ...(rest.body.data ?? [])].map(({ id }) => id)).toEqual(whole);
    expect(rest.body).not.toHaveProperty("next_cursor");
  });

  it.each(["parent_id", "select", "single_level"])("refuses ?%s", async (name) => {
    const { status, body } = await ask(`${name}=true`, "folders");
    expect(status).toBe(400);
    expect(body.error?.message).toContain(`does not play the query parameter ${name}`);
  });
});
