import type { FetchMessageObject, MessageAddressObject, MessageStructureObject } from "imapflow";
import type { ImapSettings } from "../store/types.js";
import { type SessionOutcome, withImapSession } from "./imap-login.js";
import type { Trust } from "./trust.js";
import { field } from "./verdict.js";

const BODY_MAX_BYTES = 65_536;

export interface ReadMessage {
  uid: number;
  id: string;
  subject: string;
  /** Seconds since 1970. */
  date: number;
  from: Participant[];
  to: Participant[];
  cc: Participant[];
  unread: boolean;
  starred: boolean;
  body: string;
}

export interface Participant {
  name?: string;
  email: string;
}

export interface ReadPage {
  messages: ReadMessage[];
  /** Lowest UID of the page when older messages exist. */
  olderThan?: number;
}

export interface ReadFolder {
  path: string;
  name: string;
  parent?: string;
  attributes: string[];
}

/** Newest first; `"no-such-folder"` when the server refuses to open it. */
export function readMessages(
  settings: ImapSettings,
  trust: Trust,
  page: { folder: string; limit: number; before?: number },
): Promise<SessionOutcome<ReadPage | "no-such-folder">> {
  return withImapSession(settings, trust, async (client) => {
    try {
      await client.mailboxOpen(page.folder, { readOnly: true });
    } catch (error) {
      if (field(error, "responseStatus") === "NO") return "no-such-folder" as const;
      throw error;
    }
    const found = (await client.search({ all: true }, { uid: true })) || [];
    const older = found
      .filter((uid) => page.before === undefined || uid < page.before)
      .sort((left, right) => right - left);
    const wanted = older.slice(0, page.limit);
    if (wanted.length === 0) return { messages: [] };
    const query = {
      uid: true,
      envelope: true,
      internalDate: true,
      flags: true,
      bodyStructure: true,
      bodyParts: [{ key: "text", start: 0, maxLength: BODY_MAX_BYTES }],
    };
    const fetched = await client.fetchAll(wanted.join(","), query, { uid: true });
    const messages = fetched.map(toMessage).sort((left, right) => right.uid - left.uid);
    const last = wanted.at(-1);
    return older.length > wanted.length && last !== undefined ? { messages, olderThan: last } : { messages };
  });
}

export function readFolders(settings: ImapSettings, trust: Trust): Promise<SessionOutcome<ReadFolder[]>> {
  return withImapSession(settings, trust, async (client) => {
    const listed = await client.list();
    return listed.map((folder) => ({
      path: folder.path,
      name: folder.name,
      ...(folder.parentPath ? { parent: folder.parentPath } : {}),
      attributes: [...folder.flags],
    }));
  });
}

function toMessage(message: FetchMessageObject): ReadMessage {
  const date = new Date(message.internalDate ?? message.envelope?.date ?? 0);
  return {
    uid: message.uid,
    // Nylas: the id of an IMAP message is its Message-ID header.
    id: message.envelope?.messageId ?? String(message.uid),
    subject: message.envelope?.subject ?? "",
    date: Math.floor(date.getTime() / 1000),
    from: participants(message.envelope?.from),
    to: participants(message.envelope?.to),
    cc: participants(message.envelope?.cc),
    unread: !message.flags?.has("\\Seen"),
    starred: message.flags?.has("\\Flagged") ?? false,
    body: decodeBody(message.bodyParts?.get("text"), message.bodyStructure),
  };
}

function participants(addresses: readonly MessageAddressObject[] = []): Participant[] {
  return addresses.flatMap(({ name, address }) => {
    if (!address) return [];
    return [name ? { name, email: address } : { email: address }];
  });
}

/** Single-part text, which is what the emulator's own send makes; of anything else the body stays empty. */
function decodeBody(part: Buffer | null | undefined, structure: MessageStructureObject | undefined): string {
  if (!part || !structure?.type?.startsWith("text/")) return "";
  const text = part.toString("utf8");
  if (structure.encoding === "base64") return Buffer.from(text, "base64").toString("utf8");
  if (structure.encoding !== "quoted-printable") return text;
  const bytes = text
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
