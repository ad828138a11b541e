import type { Folder, MailboxStore } from "../mailbox-store.js";
import type { Command } from "./command-parser.js";

/** What a command may see and do of its connection. */
export interface Session {
  readonly mailboxes: MailboxStore;
  readonly secure: boolean;
  /** Set by a successful LOGIN or AUTHENTICATE. */
  user: string | undefined;
  selected: Folder | undefined;
  failures: number;
  untagged(line: string): undefined;
  /** Writes the pieces as fast as the client reads them, then calls `then`; no other command runs meanwhile. */
  stream(pieces: Iterator<Buffer>, then: () => void): undefined;
  ok(command: Command, text: string): undefined;
  no(command: Command, text: string): undefined;
  bad(command: Command, text: string): undefined;
  /** Asks the client for one more line of this command. */
  ask(then: (line: string) => void): undefined;
  startTls(): undefined;
  end(): undefined;
}

export type Handler = (session: Session, command: Command) => undefined;
