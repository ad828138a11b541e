import type { ImapSettings } from "../store/types.js";
import { fileSentMessage } from "./imap-file.js";
import { type SessionOutcome, verifyImapLogin } from "./imap-login.js";
import {
  type PageQuery,
  type ReadFolder,
  type ReadMessage,
  type ReadPage,
  readFolders,
  readMessage,
  readMessages,
} from "./imap-read.js";
import { type OutgoingMail, type SendOutcome, type SmtpServer, sendMail } from "./smtp-send.js";
import type { Trust } from "./trust.js";
import type { Verdict } from "./verdict.js";

/** What the API wants of mail servers. */
export interface MailClient {
  verifyLogin(settings: ImapSettings): Promise<Verdict>;
  messages(settings: ImapSettings, page: PageQuery): Promise<SessionOutcome<ReadPage | "no-such-folder">>;
  message(
    settings: ImapSettings,
    id: string,
  ): Promise<SessionOutcome<{ message: ReadMessage; folder: string } | undefined>>;
  folders(settings: ImapSettings): Promise<SessionOutcome<ReadFolder[]>>;
  send(server: SmtpServer, mail: OutgoingMail): Promise<SendOutcome>;
  fileSent(settings: ImapSettings, message: { messageId: string; raw: Buffer }): Promise<void>;
}

/** Logs in to the mail servers that the settings name. */
export function realMailClient(trust: Trust): MailClient {
  return {
    verifyLogin: (settings) => verifyImapLogin(settings, trust),
    messages: (settings, page) => readMessages(settings, trust, page),
    message: (settings, id) => readMessage(settings, trust, id),
    folders: (settings) => readFolders(settings, trust),
    send: (server, mail) => sendMail(server, trust, mail),
    fileSent: (settings, message) => fileSentMessage(settings, trust, message),
  };
}

const INBOX: ReadFolder = {
  path: "INBOX",
  name: "INBOX",
  attributes: ["\\Inbox"],
  count: { total: 0, unread: 0 },
};

/** Connects to nothing: accepts all credentials, shows every mailbox as empty and drops what is sent. */
export const offlineMailClient: MailClient = {
  verifyLogin: async () => "accepted",
  messages: async (_settings, { folder }) => ({
    verdict: "accepted",
    result: folder.toUpperCase() === INBOX.path ? { folder: INBOX.path, messages: [] } : "no-such-folder",
  }),
  message: async () => ({ verdict: "accepted", result: undefined }),
  folders: async () => ({ verdict: "accepted", result: [INBOX] }),
  send: async () => "accepted",
  fileSent: async () => undefined,
};
