import type { FetchMessageObject, ImapFlow, MailboxObject, MessageAddressObject } from "imapflow";
import type { ImapSettings } from "../store/types.js";
import { ServerRefusal, type SessionOutcome, withImapSession } from "./imap-login.js";
import { type MessageContent, readContent } from "./message-content.js";
import type { Participant } from "./participant.js";
import type { Trust } from "./trust.js";

/** Only this much of a message is read; attachments of longer messages may be truncated or missing. */
const MESSAGE_MAX_BYTES = 1_048_576;

/** A message without its content. One without a Message-ID has an id of its place. */
export interface MessageSummary {
  uid: number;
  id: string;
  /** The Message-ID header, if there is one. */
  messageId?: string;
  subject: string;
  /** Seconds since 1970. */
  date: number;
  from: Participant[];
  to: Participant[];
  cc: Participant[];
  bcc: Participant[];
  unread: boolean;
  starred: boolean;
}

export type ReadMessage = MessageSummary & MessageContent;

export interface ReadPage {
  /** The folder's path, as the server spells it. */
  folder: string;
  messages: ReadMessage[];
  /** Lowest UID of the page if older messages exist. */
  olderThan?: number;
}

export interface ReadFolder {
  path: string;
  name: string;
  parent?: string;
  attributes: string[];
  /** Absent for a folder that holds only folders, or whose status the server does not tell. */
  count?: { total: number; unread: number };
}

export interface PageQuery {
  folder: string;
  limit: number;
  /** Only messages with a lower UID. */
  before?: number;
  /** Only messages for which it returns true. */
  keeps?: (message: MessageSummary) => boolean;
  /** And of these only the ones for whose content it returns true; each of them is read whole. */
  keepsContent?: (content: MessageContent) => boolean;
}

/** Newest first; `"no-such-folder"` if the server says that there is no such folder. */
export function readMessages(
  settings: ImapSettings,
  trust: Trust,
  page: PageQuery,
): Promise<SessionOutcome<ReadPage | "no-such-folder">> {
  return withImapSession(settings, trust, (client) => readPage(client, page));
}

/** Looks into each folder; undefined if no folder has such a message. */
export function readMessage(
  settings: ImapSettings,
  trust: Trust,
  id: string,
): Promise<SessionOutcome<{ message: ReadMessage; folder: string } | undefined>> {
  return withImapSession(settings, trust, async (client) => {
    for (const { path: folder, flags } of await client.list()) {
      if (flags.has(NOSELECT)) continue;
      const page = await readPage(client, { folder, limit: 1, keeps: (message) => message.id === id });
      const message = page === "no-such-folder" ? undefined : page.messages[0];
      if (message !== undefined) return { message, folder };
    }
    return undefined;
  });
}

export function readFolders(settings: ImapSettings, trust: Trust): Promise<SessionOutcome<ReadFolder[]>> {
  return withImapSession(settings, trust, async (client) => {
    const listed = await client.list({ statusQuery: { messages: true, unseen: true } });
    return listed.map(({ path, name, parentPath, flags, specialUse, status }) => ({
      path,
      name,
      ...(parentPath ? { parent: parentPath } : {}),
      // Nylas passes on the server's attributes and adds \\Inbox, which no server sends.
      attributes: specialUse === "\\Inbox" ? [specialUse, ...flags] : [...flags],
      ...(status?.messages === undefined ? {} : { count: { total: status.messages, unread: status.unseen ?? 0 } }),
    }));
  });
}

/** Of a folder that holds only folders (RFC 3501, 7.2.2). */
const NOSELECT = "\\Noselect";
const SUMMARY = { uid: true, envelope: true, internalDate: true, flags: true };

async function readPage(client: ImapFlow, page: PageQuery): Promise<ReadPage | "no-such-folder"> {
  let opened: MailboxObject | undefined;
  try {
    opened = await client.mailboxOpen(page.folder, { readOnly: true });
  } catch (error) {
    if (Reflect.get(Object(error), "mailboxMissing") === true || (await holdsOnlyFolders(client, page.folder)))
      return "no-such-folder";
    throw error;
  }
  // After a BYE there is none.
  if (opened === undefined) throw new ServerRefusal();
  const folder = opened.path;
  const found = await findUids(client, folder, page);
  const older = found
    .filter((uid) => page.before === undefined || uid < page.before)
    .sort((left, right) => right - left);
  const wanted = older.slice(0, page.limit);
  if (wanted.length === 0) return { folder, messages: [] };
  const messages: ReadMessage[] = [];
  for await (const message of wholeMessages(client, folder, wanted)) messages.push(message);
  messages.sort((left, right) => right.uid - left.uid);
  const last = wanted.at(-1);
  return { folder, messages, ...(older.length > wanted.length && last !== undefined ? { olderThan: last } : {}) };
}

async function holdsOnlyFolders(client: ImapFlow, folder: string): Promise<boolean> {
  if (!client.usable) return false;
  const listed = (await client.list()).find(({ path }) => path === folder);
  return listed?.flags.has(NOSELECT) === true;
}

/** One at a time, so that only one message source is in memory. */
async function* wholeMessages(client: ImapFlow, folder: string, uids: readonly number[]): AsyncGenerator<ReadMessage> {
  const query = { ...SUMMARY, source: { start: 0, maxLength: MESSAGE_MAX_BYTES } };
  for await (const message of client.fetch(uids.join(","), query, { uid: true })) {
    yield { ...toSummary(message, folder), ...(await readContent(message.source)) };
  }
}

async function findUids(client: ImapFlow, folder: string, { keeps, keepsContent }: PageQuery): Promise<number[]> {
  const all = await client.search({ all: true }, { uid: true });
  if (!all) throw new ServerRefusal();
  let found = all;
  if (keeps !== undefined && found.length > 0) {
    const fetched = await client.fetchAll("1:*", SUMMARY, { uid: true });
    const summaries = fetched.map((message) => toSummary(message, folder));
    found = summaries.filter(keeps).map(({ uid }) => uid);
  }
  if (keepsContent === undefined || found.length === 0) return found;
  const kept: number[] = [];
  for await (const message of wholeMessages(client, folder, found)) if (keepsContent(message)) kept.push(message.uid);
  return kept;
}

function toSummary(message: FetchMessageObject, folder: string): MessageSummary {
  const messageId = message.envelope?.messageId;
  const date = new Date(message.internalDate ?? message.envelope?.date ?? 0);
  return {
    uid: message.uid,
    // Nylas: the id of an IMAP message is its Message-ID header.
    id: messageId ?? `${folder}:${message.uid}`,
    ...(messageId === undefined ? {} : { messageId }),
    subject: message.envelope?.subject ?? "",
    date: Math.floor(date.getTime() / 1000),
    from: participants(message.envelope?.from),
    to: participants(message.envelope?.to),
    cc: participants(message.envelope?.cc),
    bcc: participants(message.envelope?.bcc),
    unread: !message.flags?.has("\\Seen"),
    starred: message.flags?.has("\\Flagged") ?? false,
  };
}

function participants(addresses: readonly MessageAddressObject[] = []): Participant[] {
  return addresses.flatMap(({ name, address }) => {
    if (!address) return [];
    return [name ? { name, email: address } : { email: address }];
  });
}
