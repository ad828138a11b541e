import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Folder, MailboxStore } from "../mail/mailbox-store.js";
import type { Command } from "./command-parser.js";
import { CommandReader } from "./command-reader.js";
import { runCommand } from "./commands.js";
import { capabilities } from "./commands-login.js";
import type { Session } from "./session.js";

const IDLE_TIMEOUT_MS = 120_000;
/** Commands that make no sense in a row before the connection ends. */
const MAX_BAD_COMMANDS = 10;

/** One client: reads commands, hands them to their handlers, writes the answers. */
export class Connection implements Session {
  readonly mailboxes: MailboxStore;
  user: string | undefined;
  selected: Folder | undefined;
  failures = 0;
  readonly #context: SecureContext;
  #socket: Socket;
  #reader = new CommandReader();
  #answer: ((line: string) => void) | undefined;
  #badCommands = 0;
  #ended = false;

  constructor(socket: Socket, mailboxes: MailboxStore, context: SecureContext) {
    this.mailboxes = mailboxes;
    this.#context = context;
    this.#socket = socket;
    this.#attach();
    this.untagged(`OK [CAPABILITY ${capabilities(this)}] Nylas emulator ready`);
  }

  get secure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  untagged(line: string | Buffer): undefined {
    this.#write(Buffer.concat([Buffer.from("* "), Buffer.from(line), Buffer.from("\r\n")]));
  }

  ok({ tag }: Command, text: string): undefined {
    this.#badCommands = 0;
    this.#write(`${tag} OK ${text}\r\n`);
  }

  no({ tag }: Command, text: string): undefined {
    this.#write(`${tag} NO ${text}\r\n`);
  }

  bad({ tag }: { tag: string }, text: string): undefined {
    this.#write(`${tag} BAD ${text}\r\n`);
    this.#badCommands += 1;
    if (this.#badCommands >= MAX_BAD_COMMANDS) this.#giveUp("Too many bad commands");
  }

  ask(then: (line: string) => void): undefined {
    this.#answer = then;
    this.#reader.expectLine();
    this.#write("+ \r\n");
  }

  startTls(): undefined {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    this.#reader.discard();
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: this.#context });
    this.#attach();
  }

  end(): undefined {
    this.#ended = true;
    this.#socket.end();
  }

  #attach(): void {
    const socket = this.#socket;
    socket.setTimeout(IDLE_TIMEOUT_MS, () => this.#giveUp("Idle for too long"));
    // A client that goes away is no event for the server; the socket closes by itself.
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      this.#reader.push(chunk);
      this.#work(socket);
    });
  }

  #work(socket: Socket): void {
    // STARTTLS replaces the socket, and with it ends the turn of the bytes that came before.
    while (!this.#ended && socket === this.#socket) {
      const event = this.#reader.next();
      if (event === undefined) return;
      if (event.kind === "command") runCommand(this, event.command);
      else if (event.kind === "continue") this.#write("+ Go on\r\n");
      else if (event.kind === "bad") this.bad(event, event.reason);
      else if (event.kind === "fatal") this.#giveUp(event.reason);
      else this.#takeAnswer(event.line);
    }
  }

  #takeAnswer(line: string): void {
    const then = this.#answer;
    this.#answer = undefined;
    then?.(line);
  }

  #giveUp(reason: string): void {
    if (this.#ended) return;
    this.untagged(`BYE ${reason}`);
    this.end();
    this.#socket.destroySoon();
  }

  #write(bytes: string | Buffer): void {
    if (!this.#ended && this.#socket.writable) this.#socket.write(bytes);
  }
}
