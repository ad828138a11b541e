import { connect as openSocket, type Socket } from "node:net";
import tls from "node:tls";
import { until } from "../../../tools/harness/until.js";
import type { ServerCertificate } from "../dovecot/certificates.js";

/** Where everybody in the suite listens. */
export const HOST = "127.0.0.1";

export const OPS = "ops@example.test";
export const ODD = "odd@example.test";
export const DISABLED = "disabled@example.test";
export const WITHOUT_INBOX = "empty@example.test";
export const BUSY = "busy@example.test";
/** A log-in name that is no address. */
export const NAME = "ops";

export const RIGHT = "the-right-one";
export const WRONG = "not-the-password";
/** ASCII characters that protocols, configuration files and shells treat specially. */
export const ODD_PASSWORD = `p"w\\ +%u/&=?#[x]{5}$'`;

const HOLD_MS = 20_000;

/** One attempt to log in, and how to bring it about. */
export interface Situation {
  protocol: "IMAP" | "SMTP";
  situation: string;
  port: number;
  username?: string;
  password?: string;
  /** The server must accept the log-in, whatever the page says. */
  works?: true;
  /** Brings the situation about, and returns what ends it. */
  arrange?: () => Promise<() => Promise<void>>;
}

export interface RunningServer {
  /** Such as `Exim 4.96`. */
  version: string;
  situations: Situation[];
  /** The part of its words that differs between runs. */
  varying?: RegExp;
  log(): string;
  stop(): Promise<void>;
}

/** A mail server of the suite. */
export interface MailServer {
  name: string;
  /** Why it cannot run here. */
  missing(): string | undefined;
  start(certificate: ServerCertificate): Promise<RunningServer>;
}

type Make = (situation: string, rest?: Partial<Situation>) => Situation;

/** Makes situations of one protocol, at this port unless they say another. */
export function situationsAt(protocol: Situation["protocol"], port: number): Make {
  return (situation, rest = {}) => ({ protocol, situation, port, ...rest });
}

/** The names and passwords that a server takes or refuses. */
export function logIns(make: Make, startTlsPort: number): Situation[] {
  return [
    make("right password", { works: true }),
    make("right password, STARTTLS", { port: startTlsPort, works: true }),
    make("password of odd characters", { username: ODD, password: ODD_PASSWORD, works: true }),
    make("name without domain", { username: NAME }),
    make("wrong password", { password: WRONG }),
    make("unknown user", { username: "nobody@example.test" }),
  ];
}

/** Opens connections and logs in with each of these lines, so that the server counts them; returns what closes them. */
export async function hold(port: number, count: number, lines: readonly string[]): Promise<() => Promise<void>> {
  const sockets = await Promise.all(Array.from({ length: count }, () => session(port, lines)));
  return async () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** Writes each line after an answer, the last of which ends when `tag` or a digit begins a line. */
function session(port: number, lines: readonly string[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Only a client of the suite's own server, whose certificate says nothing here.
    const socket = tls.connect({ port, host: HOST, rejectUnauthorized: false });
    const left = [...lines];
    let read = "";
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`the server has closed the connection: ${read}`)));
    socket.on("data", (data) => {
      read += data.toString("latin1");
      if (!/^(?:\* (?:OK|PREAUTH)|a OK|\d{3} )[^\r\n]*\r\n(?![\s\S]*\r\n[^\r\n]+$)/m.test(read)) return;
      read = "";
      const line = left.shift();
      if (line === undefined) resolve(socket);
      else socket.write(`${line}\r\n`);
    });
  });
}

/** As many plain connections, which say nothing. */
export async function holdPlain(port: number, count: number): Promise<() => Promise<void>> {
  const sockets: Socket[] = [];
  // The server may still count a connection of the situation before.
  await until(`${count} connections to ${port} are open`, HOLD_MS, async () => {
    const socket = await greeted(port);
    if (socket !== undefined) sockets.push(socket);
    return sockets.length === count;
  });
  return async () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** A connection that the server has welcomed; `undefined` if it has refused it. */
function greeted(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = openSocket(port, HOST);
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
    socket.once("data", (data) => {
      if (/^(?:220|\* OK)/.test(data.toString("latin1"))) resolve(socket);
      else socket.destroy();
    });
  });
}
