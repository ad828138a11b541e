import type { MailboxStore } from "../mailbox-store.js";
import type { Command } from "./command-parser.js";
import type { SelectedFolder } from "./selected-folder.js";

/** The interface of a connection to its command handlers. */
export interface Session {
  readonly mailboxes: MailboxStore;
  readonly secure: boolean;
  /** Set by a successful LOGIN or AUTHENTICATE. */
  user: string | undefined;
  selected: SelectedFolder | undefined;
  failures: number;
  untagged(line: string): undefined;
  /** Writes the pieces as fast as the client reads them, then calls `then`. No other command runs meanwhile. */
  stream(pieces: Iterator<Buffer>, then: () => void): undefined;
  ok(command: Command, text: string): undefined;
  no(command: Command, text: string): undefined;
  bad(command: Command, text: string): undefined;
  /** Requests another line of this command from the client. */
  ask(then: (line: string) => void): undefined;
  startTls(): undefined;
  end(): undefined;
}

export type Handler = (session: Session, command: Command) => undefined;
