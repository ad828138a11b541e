import type { MailUser } from "../options.js";
import { sameSecret } from "../secret.js";

/** Above either bound the oldest messages are dropped. */
const MAX_MESSAGES_PER_FOLDER = 1000;
const MAX_BYTES_PER_FOLDER = 134_217_728;

export const FOLDERS = [
  { name: "INBOX", flags: "\\HasNoChildren" },
  { name: "Sent", flags: "\\HasNoChildren \\Sent" },
  { name: "Drafts", flags: "\\HasNoChildren \\Drafts" },
  { name: "Trash", flags: "\\HasNoChildren \\Trash" },
] as const;

export interface StoredMessage {
  uid: number;
  received: Date;
  flags: Set<string>;
  raw: Buffer;
}

export interface Folder {
  name: string;
  uidValidity: number;
  uidNext: number;
  messages: StoredMessage[];
  /** Size of all messages. */
  bytes: number;
}

interface Account extends MailUser {
  folders: Map<string, Folder>;
}

/** The users of the embedded servers and their messages. Usernames are case-insensitive, as addresses in practice. */
export class MailboxStore {
  readonly #accounts = new Map<string, Account>();

  constructor(users: readonly MailUser[]) {
    for (const user of users) this.setPassword(user.username, user.password);
  }

  users(): MailUser[] {
    return [...this.#accounts.values()].map(({ username, password }) => ({ username, password }));
  }

  has(username: string): boolean {
    return this.#accounts.has(username.toLowerCase());
  }

  hasDomain(domain: string): boolean {
    return [...this.#accounts.keys()].some((username) => username.endsWith(`@${domain}`));
  }

  /** Changes a password or adds a user. Open sessions continue. */
  setPassword(username: string, password: string): void {
    const account = this.#accounts.get(username.toLowerCase());
    if (account === undefined) {
      this.#accounts.set(username.toLowerCase(), { username, password, folders: newFolders() });
    } else {
      account.password = password;
    }
  }

  /** Takes the same time for an unknown user and for a wrong password. */
  accepts(username: string, password: string): boolean {
    const account = this.#accounts.get(username.toLowerCase());
    const right = sameSecret(account?.password ?? "", password);
    return account !== undefined && right;
  }

  /** Undefined if there is no such folder. Only INBOX is case-insensitive (RFC 3501, 5.1). */
  folder(username: string, name: string): Folder | undefined {
    const folders = this.#accounts.get(username.toLowerCase())?.folders;
    return folders?.get(name.toUpperCase() === "INBOX" ? "INBOX" : name);
  }

  /** Adds a message to the INBOX of a local user; messages for other recipients are dropped. */
  deliver(recipient: string, raw: Buffer): void {
    addTo(this.folder(recipient, "INBOX"), raw, new Set());
  }

  /** Keeps a message that a local user has sent. */
  keepSent(sender: string, raw: Buffer): void {
    addTo(this.folder(sender, "Sent"), raw, new Set(["\\Seen"]));
  }
}

function addTo(folder: Folder | undefined, raw: Buffer, flags: Set<string>): void {
  if (folder === undefined) return;
  folder.messages.push({ uid: folder.uidNext++, received: new Date(), flags, raw });
  folder.bytes += raw.length;
  while (folder.messages.length > MAX_MESSAGES_PER_FOLDER || folder.bytes > MAX_BYTES_PER_FOLDER) {
    folder.bytes -= folder.messages.shift()?.raw.length ?? 0;
  }
}

function newFolders(): Map<string, Folder> {
  const uidValidity = Math.floor(Date.now() / 1000);
  return new Map(FOLDERS.map(({ name }) => [name, { name, uidValidity, uidNext: 1, messages: [], bytes: 0 }]));
}
