import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { MailboxStore } from "../mailbox-store.js";
import type { Command } from "./command-parser.js";
import { CommandReader } from "./command-reader.js";
import { runCommand } from "./commands.js";
import { capabilities } from "./commands-login.js";
import type { ConnectionLimits } from "./limits.js";
import type { SelectedFolder } from "./selected-folder.js";
import type { Session } from "./session.js";

/** Consecutive invalid commands before the connection is closed. */
const MAX_BAD_COMMANDS = 10;
/** Commands whose responses name messages by their numbers (RFC 3501, 7.4.1). */
const BY_NUMBERS: readonly string[] = ["FETCH", "SEARCH"];

/** The connection of one client: reads commands, runs their handlers and writes the responses. */
export class Connection implements Session {
  readonly mailboxes: MailboxStore;
  user: string | undefined;
  selected: SelectedFolder | undefined;
  failures = 0;
  readonly #context: SecureContext;
  readonly #limits: ConnectionLimits;
  #socket: Socket;
  #reader = new CommandReader();
  #answer: ((line: string) => void) | undefined;
  #stream: { pieces: Iterator<Buffer>; then: () => void } | undefined;
  #badCommands = 0;
  #ended = false;
  /** For the log-in; at the end of the connection, for the client to close its side. */
  #timer: NodeJS.Timeout;

  constructor(socket: Socket, mailboxes: MailboxStore, context: SecureContext, limits: ConnectionLimits) {
    this.mailboxes = mailboxes;
    this.#context = context;
    this.#limits = limits;
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      if (this.user === undefined) this.#giveUp("Login took too long");
    }, limits.loginMs);
    socket.once("close", () => clearTimeout(this.#timer));
    this.#attach();
    this.untagged(`OK [CAPABILITY ${capabilities(this)}] Nylas emulator ready`);
  }

  get secure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  untagged(line: string): undefined {
    this.#write(`* ${line}\r\n`);
  }

  stream(pieces: Iterator<Buffer>, then: () => void): undefined {
    this.#stream = { pieces, then };
  }

  ok({ tag, name }: Command, text: string): undefined {
    this.#badCommands = 0;
    for (const line of this.selected?.announce(BY_NUMBERS.includes(name)) ?? []) this.untagged(line);
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
    const socket = new TLSSocket(plain, { isServer: true, secureContext: this.#context });
    const timer = setTimeout(() => socket.destroy(), this.#limits.handshakeMs);
    socket.once("secure", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
    this.#socket = socket;
    this.#attach();
  }

  /** Reads and drops further input: closing with unread input resets the connection, and the last response is lost. */
  end(): undefined {
    const socket = this.#socket;
    this.#ended = true;
    this.#stream = undefined;
    this.#reader.discard();
    socket.end();
    socket.resume();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs);
  }

  #attach(): void {
    const socket = this.#socket;
    socket.setTimeout(this.#limits.idleMs, () => this.#giveUp("Idle for too long"));
    // A client may disconnect at any time; without a listener the error would end the process.
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      if (this.#ended) return;
      this.#reader.push(chunk);
      this.#work(socket);
    });
    socket.on("drain", () => {
      socket.resume();
      this.#work(socket);
    });
  }

  #work(socket: Socket): void {
    // STARTTLS replaces the socket; input of the previous one must not be processed any more.
    while (!this.#ended && socket === this.#socket) {
      // Backpressure for a client that sends commands without reading the responses.
      if (socket.writableNeedDrain) {
        socket.pause();
        return;
      }
      if (this.#stream !== undefined) {
        this.#writePiece(this.#stream);
        continue;
      }
      const event = this.#reader.next();
      if (event === undefined) return;
      if (event.kind === "command") runCommand(this, event.command);
      else if (event.kind === "continue") this.#write("+ Go on\r\n");
      else if (event.kind === "bad") this.bad(event, event.reason);
      else if (event.kind === "fatal") this.#giveUp(event.reason);
      else this.#takeAnswer(event.line);
    }
  }

  #writePiece({ pieces, then }: { pieces: Iterator<Buffer>; then: () => void }): void {
    const piece = pieces.next();
    if (!piece.done) {
      this.#write(piece.value);
      return;
    }
    this.#stream = undefined;
    then();
  }

  #takeAnswer(line: string): void {
    const then = this.#answer;
    this.#answer = undefined;
    then?.(line);
  }

  #giveUp(reason: string): void {
    if (this.#ended) return;
    // A BYE in the middle of a FETCH response would corrupt it.
    if (this.#stream === undefined) this.untagged(`BYE ${reason}`);
    this.end();
  }

  #write(bytes: string | Buffer): void {
    if (!this.#ended && this.#socket.writable) this.#socket.write(bytes);
  }
}
