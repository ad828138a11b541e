import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Answer } from "../answer.js";
import { A_TEXT, ABSENT, THE_GRANT, textOf } from "../answer.js";
import { authenticate, type Expectation, NOBODY, type Place } from "../expectation.js";
import { withOtherPassword } from "../passwords.js";
import {
  BAD_PAYLOAD,
  BAD_REQUEST,
  BLOCKED,
  INVALID_GRANT,
  NO_GRANT,
  NO_PROVIDER_ANSWER,
  NOT_FOUND,
  ok,
  refused,
} from "../refusals.js";
import {
  ABANDONED_KEYS,
  ERRORS,
  EXPIRY,
  FIND_GRANT,
  IDEMPOTENT,
  IMAP_TROUBLESHOOTING,
  SEND_MESSAGE,
  SENDING_ERRORS,
  SMTP_SETTINGS,
} from "../sources.js";

const SEND = "POST /v3/grants/{grant_id}/messages/send";
const SENT = ok({ grant_id: THE_GRANT, "data.id": A_TEXT });
const SMTP_MISSING =
  "grant is missing imap username or password or smtphost or smtpport, unable to fetch connection details";
const TOO_MANY = 101;
const OUTSIDE_ASCII = "pässword";
const REJECTED = refused(402, "api.provider_error");
/** Longest wait, in milliseconds. */
const FORGOTTEN_AFTER_MS = 5_000;
const IN_PROGRESS = 409;
const KEY_TOO_LONG = "k".repeat(257);
const BREAKS_IT = { no: "the suite breaks no grant" };
const ONE_AT_A_TIME = { no: "whichever came first would be sent" };

const without = { smtp_host: undefined, smtp_port: undefined };

export const sending: readonly Expectation[] = [
  {
    endpoint: SEND,
    situation: "a message to the mailbox itself",
    given: "grant",
    answer: SENT,
    source: [SEND_MESSAGE],
    standing: "confirmed",
    live: "send",
    play: (place) => send(place, "a message"),
  },
  ...(
    [
      ["no recipient", "type assumed", {}],
      ["recipients that are not a list", "type assumed", { to: "somebody@example.test" }],
      ["a recipient without a valid address", "assumed", { to: [{ email: "nobody" }] }],
    ] as const
  ).map(
    ([situation, standing, body]): Expectation => ({
      endpoint: SEND,
      situation,
      given: "grant",
      answer: BAD_REQUEST,
      source: [SEND_MESSAGE, ERRORS],
      standing,
      live: "send",
      play: (place) => post(place, { subject: "to nobody", body: "", ...body }),
    }),
  ),
  {
    endpoint: SEND,
    situation: "more than 100 recipients",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SENDING_ERRORS],
    standing: "assumed",
    live: { no: "should Nylas allow more, it would send to them all" },
    play: (place) => {
      const to = Array.from({ length: TOO_MANY }, (_, index) => ({ email: `somebody-${index}@example.test` }));
      return post(place, { to, subject: "to many", body: "" });
    },
  },
  {
    endpoint: SEND,
    situation: "a subject that is not a string",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SEND_MESSAGE, ERRORS],
    standing: "type assumed",
    live: { no: "should Nylas overlook it, the message would be sent" },
    play: (place) => post(place, { to: [{ email: place.mailbox.username }], subject: 7 }),
  },
  {
    endpoint: SEND,
    situation: "`send_at`, `custom_headers`, `template` and other fields",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SEND_MESSAGE],
    standing: "different",
    live: { no: "the emulator refuses what it does not play" },
    play: (place) => post(place, { to: [{ email: place.mailbox.username }], subject: "later", send_at: 4_000_000_000 }),
  },
  {
    endpoint: SEND,
    situation: "with an attachment",
    given: "grant",
    answer: ok({ "data.attachments.0.id": A_TEXT, "data.attachments.0.filename": "a.txt" }),
    source: [SEND_MESSAGE],
    standing: "confirmed",
    live: "send",
    play: (place) =>
      post(place, {
        to: [{ email: place.mailbox.username }],
        subject: "with an attachment",
        body: "see attachment",
        attachments: [{ filename: "a.txt", content_type: "text/plain", content: "YQ==" }],
      }),
  },
  {
    endpoint: SEND,
    situation: "a reply, with `reply_to_message_id`",
    given: "grant",
    answer: ok({ "data.reply_to_message_id": A_TEXT, "data.thread_id": A_TEXT }),
    source: [SEND_MESSAGE],
    standing: "confirmed",
    live: "send",
    play: async (place) => {
      const question = textOf(await send(place, "a question"), "data.id");
      return post(place, {
        ...{ to: [{ email: place.mailbox.username }], subject: "Re: a question", body: "A test of expectations." },
        reply_to_message_id: question,
      });
    },
  },
  {
    endpoint: SEND,
    situation: "a reply to a message that does not exist",
    given: "grant",
    ...NOT_FOUND,
    source: [SEND_MESSAGE, ERRORS],
    standing: "assumed",
    live: { no: "should Nylas overlook it, the message would be sent" },
    play: (place) =>
      post(place, {
        ...{ to: [{ email: place.mailbox.username }], subject: "not sent" },
        reply_to_message_id: "<nothing@example.com>",
      }),
  },
  ...(
    [
      ["attachments that are not a list", "type assumed", "content"],
      ["an attachment without content", "assumed", [{ filename: "a.txt" }]],
    ] as const
  ).map(
    ([situation, standing, attachments]): Expectation => ({
      endpoint: SEND,
      situation,
      given: "grant",
      answer: BAD_REQUEST,
      source: [SEND_MESSAGE, ERRORS],
      standing,
      live: { no: "should Nylas overlook it, the message would be sent" },
      play: (place) => post(place, { to: [{ email: place.mailbox.username }], subject: "not sent", attachments }),
    }),
  ),
  {
    endpoint: SEND,
    situation: "`multipart/form-data`",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SEND_MESSAGE],
    standing: "different",
    live: { no: "the emulator refuses what it does not play" },
    play: ({ call, grantId }) =>
      call("POST", `/v3/grants/${grantId}/messages/send`, {
        text: "--b--",
        headers: { "content-type": "multipart/form-data; boundary=b" },
      }),
  },
  {
    endpoint: SEND,
    situation: "a sender of another address",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SEND_MESSAGE],
    standing: "assumed",
    live: { no: "Nylas leaves it to the mail server, and the emulator plays none that allows it" },
    play: (place) =>
      post(place, { from: [{ email: "x@example.com" }], to: [{ email: place.mailbox.username }], subject: "from x" }),
  },
  {
    endpoint: SEND,
    situation: "truncated JSON",
    given: "grant",
    answer: BAD_PAYLOAD,
    source: [SEND_MESSAGE, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("POST", `/v3/grants/${grantId}/messages/send`, { text: '{"to":' }),
  },
  {
    endpoint: SEND,
    situation: "a mailbox without a grant",
    given: "anything",
    ...NO_GRANT,
    source: [ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("POST", `/v3/grants/${NOBODY}/messages/send`, { json: {} }),
  },
  {
    endpoint: SEND,
    situation: "a blocked grant",
    given: "grant",
    ...BLOCKED,
    source: [FIND_GRANT, ERRORS],
    standing: "assumed",
    live: { no: "only Nylas blocks a grant" },
    play: async (place) => {
      await place.control("PATCH", `grants/${place.grantId}`, { blocked: true });
      return send(place, "of a blocked grant");
    },
  },
  {
    endpoint: SEND,
    situation: "an invalid grant",
    given: "grant",
    ...INVALID_GRANT,
    source: [EXPIRY, SENDING_ERRORS],
    standing: "assumed",
    live: BREAKS_IT,
    play: async (place) => {
      await place.control("PATCH", `grants/${place.grantId}`, { grant_status: "invalid" });
      return send(place, "of an invalid grant");
    },
  },
  {
    endpoint: SEND,
    situation: "a grant without SMTP settings",
    given: "grant",
    answer: refused(400, "invalid_request_error", { "error.message": SMTP_MISSING }),
    instead: { missingSmtp: { "422": refused(422, "invalid_request_error", { "error.message": SMTP_MISSING }) } },
    source: [SMTP_SETTINGS, SENDING_ERRORS],
    standing: "assumed",
    live: "send",
    play: async (place) => {
      await authenticate(place, without);
      const answer = await send(place, "without SMTP");
      await authenticate(place);
      return answer;
    },
  },
  {
    endpoint: SEND,
    situation: "the SMTP server refuses the password",
    given: "grant",
    answer: refused(403, "api.provider_error"),
    source: [SENDING_ERRORS],
    standing: "assumed",
    live: { no: "it counts at the mail server" },
    play: async (place) => {
      await authenticate(place, { smtp_password: "not-the-password" });
      return send(place, "refused");
    },
  },
  {
    endpoint: SEND,
    situation: "an SMTP password with characters outside ASCII",
    given: "grant",
    answer: refused(403, "api.provider_error"),
    instead: { nonAsciiPassword: { accepted: SENT } },
    source: [IMAP_TROUBLESHOOTING, SENDING_ERRORS],
    standing: "assumed",
    live: { no: "the mailbox has another password" },
    play: async (place) => {
      await authenticate(place, { smtp_password: OUTSIDE_ASCII });
      return withOtherPassword(place, () => send(place, "with such a password"), OUTSIDE_ASCII);
    },
  },
  {
    endpoint: SEND,
    situation: "the SMTP server refuses one of the recipients; the other one gets the message",
    given: "grant",
    answer: REJECTED,
    source: [SENDING_ERRORS],
    standing: "type assumed",
    live: { no: "who refuses a recipient may block the sender" },
    play: (place) => {
      const to = [{ email: place.mailbox.username }, { email: "nobody@nowhere.invalid" }];
      return post(place, { to, subject: "to nobody too", body: "" });
    },
  },
  {
    endpoint: SEND,
    situation: "the SMTP server refuses all recipients",
    given: "grant",
    answer: REJECTED,
    source: [SENDING_ERRORS],
    standing: "type assumed",
    live: { no: "who refuses a recipient may block the sender" },
    play: (place) => post(place, { to: [{ email: "nobody@nowhere.invalid" }], subject: "to nobody", body: "" }),
  },
  {
    endpoint: SEND,
    situation: "a recipient's address with characters outside ASCII",
    given: "grant",
    answer: REJECTED,
    source: [SENDING_ERRORS],
    standing: "type assumed",
    live: { no: "should Nylas overlook it, the message would be sent" },
    play: (place) => post(place, { to: [{ email: "jürgen@example.test" }], subject: "not sent", body: "" }),
  },
  {
    endpoint: SEND,
    situation: "the SMTP server does not answer",
    given: "grant",
    answer: NO_PROVIDER_ANSWER,
    source: [SEND_MESSAGE, SENDING_ERRORS],
    standing: "assumed",
    live: BREAKS_IT,
    play: async (place) => {
      await authenticate(place, { smtp_host: place.silent.host, smtp_port: place.silent.port });
      return send(place, "to nowhere");
    },
  },
  {
    endpoint: SEND,
    situation: "the same message again with the same `Idempotency-Key`",
    given: "grant",
    answer: ok({ "headers.idempotent-response": "true", grant_id: THE_GRANT }),
    source: [IDEMPOTENT, SEND_MESSAGE],
    standing: "confirmed",
    live: "send",
    play: async (place) => {
      const key = crypto.randomUUID();
      await send(place, "once", key);
      return send(place, "once", key);
    },
  },
  {
    endpoint: SEND,
    situation: "another message with the same `Idempotency-Key`",
    given: "grant",
    answer: refused(409, "api.invalid_idempotent_request"),
    source: [IDEMPOTENT, SEND_MESSAGE],
    standing: "confirmed",
    live: "send",
    play: async (place) => {
      const key = crypto.randomUUID();
      await send(place, "the first", key);
      return send(place, "another", key);
    },
  },
  {
    endpoint: SEND,
    situation: "two sends at once with the same `Idempotency-Key`: one of them",
    given: "grant",
    answer: refused(409, "api.concurrent_idempotent_request"),
    source: [IDEMPOTENT, SEND_MESSAGE],
    standing: "confirmed",
    live: ONE_AT_A_TIME,
    play: async (place) => {
      const key = crypto.randomUUID();
      const [one, other] = await Promise.all([send(place, "at once", key), send(place, "at once", key)]);
      return one.status === 200 ? other : one;
    },
  },
  {
    endpoint: SEND,
    situation: "a send with the `Idempotency-Key` of one whose client hung up before the answer: it is performed",
    given: "grant",
    answer: ok({ "headers.idempotent-response": ABSENT, grant_id: THE_GRANT }),
    source: [ABANDONED_KEYS, IDEMPOTENT],
    standing: "confirmed",
    live: { no: "the first one might be sent as well" },
    play: async (place) => {
      const key = crypto.randomUUID();
      const mailServer = createServer().listen(0, "127.0.0.1");
      await once(mailServer, "listening");
      // A TCP server's address is an AddressInfo once it listens.
      const { port } = mailServer.address() as AddressInfo;
      await authenticate(place, { smtp_host: "127.0.0.1", smtp_port: port });
      const hangUp = new AbortController();
      const first = send(place, "hung up", key, hangUp.signal).catch(() => undefined);
      const [connection]: Socket[] = await once(mailServer, "connection");
      hangUp.abort();
      await first;
      await authenticate(place);
      const answer = await untilForgotten(() => send(place, "hung up", key));
      connection?.destroy();
      mailServer.close();
      return answer;
    },
  },
  {
    endpoint: SEND,
    situation: "an `Idempotency-Key` of more than 256 characters",
    given: "grant",
    answer: refused(400, "api.invalid_idempotency_key"),
    source: [IDEMPOTENT],
    standing: "confirmed",
    live: "send",
    play: (place) => send(place, "with a long key", KEY_TOO_LONG),
  },
];

/** To the mailbox itself, so that nobody else gets it. */
function send(place: Place, subject: string, key?: string, signal?: AbortSignal): Promise<Answer> {
  return post(
    place,
    { to: [{ email: place.mailbox.username }], subject, body: "A test of expectations." },
    key,
    signal,
  );
}

function post(
  { call, grantId }: Place,
  json: Record<string, unknown>,
  key?: string,
  signal?: AbortSignal,
): Promise<Answer> {
  const headers = key === undefined ? {} : { "idempotency-key": key };
  return call("POST", `/v3/grants/${grantId}/messages/send`, { json, headers, ...(signal && { signal }) });
}

/** The server learns a moment later than the client that the client has hung up. */
async function untilForgotten(ask: () => Promise<Answer>): Promise<Answer> {
  const end = Date.now() + FORGOTTEN_AFTER_MS;
  let answer = await ask();
  while (answer.status === IN_PROGRESS && Date.now() < end) answer = await ask();
  return answer;
}
