import { createTransport } from "nodemailer";
import {
  A_COUNT,
  A_LIST,
  A_TEXT,
  ABSENT,
  AN_EMPTY_LIST,
  type Answer,
  THE_ADDRESS,
  THE_GRANT,
  THE_MARK,
  textOf,
} from "../answer.js";
import { type Expectation, NOBODY, type Place, settingsOf } from "../expectation.js";
import { withOtherPassword } from "../passwords.js";
import { BAD_REQUEST, BLOCKED, INVALID_GRANT, NO_GRANT, NO_PROVIDER_ANSWER, NOT_FOUND, ok } from "../refusals.js";
import {
  CONTRACT,
  ERRORS,
  EXPIRY,
  FIND_GRANT,
  IMAP_FIXES,
  IMAP_GUIDE,
  JAVA_FILTERS,
  LIST_FOLDERS,
  LIST_MESSAGES,
  READ_FOLDER,
  READ_MESSAGE,
  SEARCH_MESSAGES,
  SEND_MESSAGE,
  SENDING_ERRORS,
  SENT_FOLDER,
  UNREAD_COUNTS,
} from "../sources.js";

const MESSAGES = "GET /v3/grants/{grant_id}/messages";
const MESSAGE = "GET /v3/grants/{grant_id}/messages/{message_id}";
const FOLDERS = "GET /v3/grants/{grant_id}/folders";
const FOLDER = "GET /v3/grants/{grant_id}/folders/{folder_id}";
const NO_MESSAGE = encodeURIComponent("<nothing@example.com>");
const TWICE = "<twice@example.com>";
const MANY_ADDRESSES = Array.from({ length: 26 }, (_, index) => `${index}@example.com`);
const PLAYS_NONE = { no: "the emulator refuses what it does not play" };
const ARRIVES_LATER = { no: "it takes a while to arrive" };
const BREAKS_IT = { no: "the suite breaks no grant" };

const reads = [
  { endpoint: MESSAGES, path: "messages", contract: LIST_MESSAGES },
  { endpoint: MESSAGE, path: `messages/${NO_MESSAGE}`, contract: READ_MESSAGE },
  { endpoint: FOLDERS, path: "folders", contract: LIST_FOLDERS },
  { endpoint: FOLDER, path: "folders/INBOX", contract: READ_FOLDER },
] as const;

export const mailbox: readonly Expectation[] = [
  {
    endpoint: MESSAGES,
    situation: "the newest messages",
    given: "grant",
    answer: ok({ data: A_LIST, limit: ABSENT, offset: ABSENT }),
    source: [LIST_MESSAGES],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages?limit=1`),
  },
  {
    endpoint: MESSAGES,
    situation: "a folder that holds one message twice",
    given: "grant",
    answer: ok({ "data.0.id": TWICE, "data.1.id": TWICE }),
    source: [IMAP_FIXES],
    standing: "confirmed",
    live: { no: "the suite sends through Nylas alone" },
    play: async ({ call, grantId, mailbox: { username, password, smtp } }) => {
      const transport = createTransport({
        ...{ ...smtp, secure: true, auth: { user: username, pass: password } },
        // The authority of the embedded servers lives as long as they do.
        tls: { rejectUnauthorized: false },
      });
      const message = { from: username, to: username, subject: "twice", text: "twice", messageId: TWICE };
      await transport.sendMail(message);
      await transport.sendMail(message);
      return call("GET", `/v3/grants/${grantId}/messages?limit=2`);
    },
  },
  {
    endpoint: MESSAGES,
    situation: "by the mailbox's address instead of the grant's id",
    given: "grant",
    answer: ok({ data: A_LIST }),
    source: [CONTRACT],
    standing: "confirmed",
    live: "always",
    play: ({ call, mailbox }) => call("GET", `/v3/grants/${encodeURIComponent(mailbox.username)}/messages?limit=1`),
  },
  {
    endpoint: MESSAGES,
    situation: "a folder that does not exist",
    given: "grant",
    ...NOT_FOUND,
    source: [ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages?in=No%20such%20folder`),
  },
  {
    endpoint: MESSAGES,
    situation: "filters by subject, addresses, time, state and attachments",
    given: "grant",
    answer: ok({ data: AN_EMPTY_LIST }),
    source: [LIST_MESSAGES, SEARCH_MESSAGES],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId, mark }) =>
      call(
        "GET",
        `/v3/grants/${grantId}/messages?${new URLSearchParams({
          ...{ subject: mark, from: "a@example.com", to: "a@example.com", cc: "a@example.com" },
          ...{ bcc: "a@example.com", any_email: "a@example.com,b@example.com", unread: "true", starred: "false" },
          ...{ has_attachment: "false" },
          ...{ received_after: "0", received_before: "1" },
        })}`,
      ),
  },
  {
    endpoint: MESSAGES,
    situation: "`search_query_native`, `thread_id`, `fields` and other parameters",
    given: "grant",
    answer: BAD_REQUEST,
    source: [LIST_MESSAGES, SEARCH_MESSAGES],
    standing: "different",
    live: PLAYS_NONE,
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages?search_query_native=invoice`),
  },
  {
    endpoint: MESSAGES,
    situation: "more than 25 addresses in `any_email`",
    given: "grant",
    answer: BAD_REQUEST,
    source: [SEARCH_MESSAGES, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages?any_email=${MANY_ADDRESSES}`),
  },
  {
    endpoint: MESSAGES,
    situation: "`in`, `from`, `to`, `cc` or `bcc` twice: the last one holds",
    given: "grant",
    answer: ok({ data: AN_EMPTY_LIST }),
    source: [JAVA_FILTERS, LIST_MESSAGES],
    standing: "confirmed",
    live: ARRIVES_LATER,
    play: async ({ call, grantId, mailbox }) => {
      const json = { to: [{ email: mailbox.username }], subject: "to itself" };
      await call("POST", `/v3/grants/${grantId}/messages/send`, { json });
      const own = encodeURIComponent(mailbox.username);
      const list = (query: string) => call("GET", `/v3/grants/${grantId}/messages?${query}`);
      return [await list("in=INBOX&in=Trash"), await list(`from=${own}&from=a@example.com`)];
    },
  },
  {
    endpoint: FOLDERS,
    situation: "`parent_id`, `select` and other parameters except those of paging",
    given: "grant",
    answer: BAD_REQUEST,
    source: [LIST_FOLDERS],
    standing: "different",
    live: PLAYS_NONE,
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/folders?parent_id=INBOX`),
  },
  ...[
    "limit=0",
    "limit=201",
    "page_token=nonsense",
    "unread=perhaps",
    "has_attachment=perhaps",
    "received_after=yesterday",
  ].map(
    (query): Expectation => ({
      endpoint: MESSAGES,
      situation: `\`${query}\``,
      given: "grant",
      answer: BAD_REQUEST,
      source: [LIST_MESSAGES, ERRORS],
      standing: query === "limit=0" ? "assumed" : "type assumed",
      live: "always",
      play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages?${query}`),
    }),
  ),
  {
    endpoint: FOLDERS,
    situation: "the mailbox's folders",
    given: "grant",
    answer: ok({
      "data.0.id": A_TEXT,
      "data.0.name": A_TEXT,
      "data.0.grant_id": THE_GRANT,
      "data.0.total_count": A_COUNT,
      "data.0.unread_count": A_COUNT,
    }),
    source: [LIST_FOLDERS, UNREAD_COUNTS, IMAP_GUIDE],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/folders`),
  },
  {
    endpoint: FOLDER,
    situation: "a folder of the list",
    given: "grant",
    answer: ok({ "data.id": "INBOX", "data.grant_id": THE_GRANT, "data.total_count": A_COUNT }),
    source: [READ_FOLDER, UNREAD_COUNTS],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/folders/INBOX`),
  },
  {
    endpoint: FOLDER,
    situation: "a folder that does not exist",
    given: "grant",
    ...NOT_FOUND,
    source: [READ_FOLDER, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/folders/No%20such%20folder`),
  },
  {
    endpoint: MESSAGE,
    situation: "a message that was sent to the mailbox",
    given: "grant",
    answer: ok({ "data.object": "message", "data.grant_id": THE_GRANT, "data.subject": THE_MARK }),
    source: [READ_MESSAGE, IMAP_GUIDE],
    standing: "confirmed",
    live: ARRIVES_LATER,
    play: (place) => sendAndRead(place, { subject: place.mark }),
  },
  {
    endpoint: MESSAGE,
    situation: "the sender and recipients of a message, without display names",
    given: "grant",
    answer: ok({ "data.from.0.name": ABSENT, "data.to.0.name": ABSENT, "data.to.0.email": THE_ADDRESS }),
    instead: { participantName: { empty: ok({ "data.from.0.name": "", "data.to.0.name": "" }) } },
    source: [READ_MESSAGE],
    standing: "assumed",
    live: ARRIVES_LATER,
    play: (place) => sendAndRead(place, {}),
  },
  {
    endpoint: MESSAGE,
    situation: "the addresses to reply to, and the snippet of an HTML message",
    given: "grant",
    answer: ok({ "data.reply_to.0.email": "desk@example.com", "data.snippet": "Hello" }),
    source: [READ_MESSAGE, SEND_MESSAGE],
    standing: "confirmed",
    live: ARRIVES_LATER,
    play: (place) => sendAndRead(place, { body: "<p>Hello</p>", reply_to: [{ email: "desk@example.com" }] }),
  },
  {
    endpoint: MESSAGE,
    situation: "a message that was sent to somebody else, by the id of the answer: it is in the Sent folder",
    given: "grant",
    answer: ok({ "data.folders": ["Sent"], "data.grant_id": THE_GRANT }),
    source: [SENT_FOLDER, IMAP_GUIDE],
    standing: "assumed",
    live: ARRIVES_LATER,
    play: (place) => sendAndRead(place, { to: [{ email: "somebody@example.com" }] }),
  },
  {
    endpoint: MESSAGE,
    situation: "a message that does not exist",
    given: "grant",
    ...NOT_FOUND,
    source: [READ_MESSAGE, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}/messages/${NO_MESSAGE}`),
  },
  ...reads.flatMap(({ endpoint, path, contract }): Expectation[] => [
    {
      endpoint,
      situation: "a mailbox without a grant",
      given: "anything",
      ...NO_GRANT,
      source: [ERRORS],
      standing: "assumed",
      live: "always",
      play: ({ call }) => call("GET", `/v3/grants/${NOBODY}/${path}`),
    },
    {
      endpoint,
      situation: "an invalid grant",
      given: "grant",
      ...INVALID_GRANT,
      source: [EXPIRY, SENDING_ERRORS, contract],
      standing: "type assumed",
      live: BREAKS_IT,
      play: async ({ call, control, grantId }) => {
        await control("PATCH", `grants/${grantId}`, { grant_status: "invalid" });
        return call("GET", `/v3/grants/${grantId}/${path}`);
      },
    },
    {
      endpoint,
      situation: "a blocked grant",
      given: "grant",
      ...BLOCKED,
      source: [FIND_GRANT, ERRORS],
      standing: "assumed",
      live: { no: "only Nylas blocks a grant" },
      play: async ({ call, control, grantId }) => {
        await control("PATCH", `grants/${grantId}`, { blocked: true });
        return call("GET", `/v3/grants/${grantId}/${path}`);
      },
    },
    {
      endpoint,
      situation: "the mail server's password has changed",
      given: "grant",
      ...INVALID_GRANT,
      source: [EXPIRY, SENDING_ERRORS, contract],
      standing: "type assumed",
      live: BREAKS_IT,
      play: (place) => withOtherPassword(place, () => place.call("GET", `/v3/grants/${place.grantId}/${path}`)),
    },
    {
      endpoint,
      situation: "the mail server does not answer",
      given: "grant",
      answer: NO_PROVIDER_ANSWER,
      source: [contract, ERRORS],
      standing: "type assumed",
      live: BREAKS_IT,
      play: async (place) => {
        await moveToSilence(place);
        return place.call("GET", `/v3/grants/${place.grantId}/${path}`);
      },
    },
  ]),
];

/** To the mailbox itself if nothing else is said. */
async function sendAndRead({ call, grantId, mailbox }: Place, message: Record<string, unknown>): Promise<Answer> {
  const json = { to: [{ email: mailbox.username }], subject: "sent and read", ...message };
  const id = textOf(await call("POST", `/v3/grants/${grantId}/messages/send`, { json }), "data.id");
  return call("GET", `/v3/grants/${grantId}/messages/${encodeURIComponent(id)}`);
}

async function moveToSilence(place: Place): Promise<void> {
  const settings = { ...settingsOf(place), imap_host: place.silent.host, imap_port: place.silent.port };
  await place.call("PATCH", `/v3/grants/${place.grantId}`, { json: { settings } });
}
