import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { ImapFlow } from "imapflow";
import { descendants } from "../../../tools/harness/processes.mjs";
import { present } from "../../../tools/harness/test-emulator.js";
import { until } from "../../../tools/harness/until.js";
import { type Account, accountToRunAs, give } from "./account.js";
import { makeServerCertificates } from "./certificates.js";
import { DOVECOT, dovecotVersion } from "./installed.js";
import { freePorts } from "./ports.js";
import { type Relay, startRelay } from "./relay.js";

/**
 * The addresses it listens at. None is 127.0.0.1, where clients come from: a client at the server's own address
 * counts as secured, and Dovecot then takes passwords in clear.
 */
export const AT = {
  good: "127.0.0.2",
  untrusted: "127.0.0.3",
  selfSigned: "127.0.0.4",
  expired: "127.0.0.5",
  otherName: "127.0.0.6",
  withoutTls: "127.0.0.7",
} as const;

/** Not its own, but named in its certificate: what listens there may pass for it. */
export const NAMED_ADDRESSES = { usual: "127.0.0.8", swapped: "127.0.0.9" } as const;

const PORT_ATTEMPTS = 5;
const START_MS = 20_000;
/** It looks at the passwords once a second at most. */
const PASSWORD_MS = 10_000;

/**
 * Runs Dovecot until its own input ends, which it does however the tests end, and leaves nothing behind: what is frozen
 * would not hear of its end, and what still waits for somebody would outlive the master.
 */
const KEEPER = [
  'setsid "$0" -F -c "$1/dovecot.conf" </dev/null & master=$!',
  // Nobody may be there any more to read what this prints.
  "read -r end; exec >/dev/null 2>&1",
  "kill -CONT -$master; kill $master; wait $master; kill -KILL -$master",
  'rm -rf "$1"',
].join("\n");

/** By the number of the port they stand for. */
export interface Ports {
  /** STARTTLS only, like 143. */
  imap: number;
  /** Implicit TLS, like 993. */
  imaps: number;
  /** STARTTLS only, like 587. */
  submission: number;
  /** Implicit TLS, like 465. */
  submissions: number;
}

/** A Dovecot of one's own in a directory of its own. What it is sent to relay arrives in the INBOX of the recipient. */
export class Dovecot {
  private constructor(
    readonly ports: Ports,
    private readonly directory: string,
    private readonly users: Map<string, string>,
    private readonly account: Account,
    private readonly keeper: ChildProcessByStdio<Writable, Readable, Readable>,
    private readonly relay: Relay,
  ) {}

  /** Users are passwords by user name. */
  static async start(passwords: Record<string, string>, attempts = PORT_ATTEMPTS): Promise<Dovecot> {
    try {
      return await Dovecot.#startAtFreePorts(passwords);
    } catch (error) {
      // Free is what was free a moment ago: another Dovecot of the suite may have been quicker.
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (!taken || attempts === 1) throw error;
      return Dovecot.start(passwords, attempts - 1);
    }
  }

  static async #startAtFreePorts(passwords: Record<string, string>): Promise<Dovecot> {
    const account = accountToRunAs();
    const users = new Map(Object.entries(passwords));
    let dovecot: Dovecot | undefined;
    const relay = await startRelay((recipient, message) => present(dovecot).deliver(recipient, message));
    const [imap = 0, imaps = 0, submission = 0, submissions = 0] = await freePorts(AT.good, 4);
    const ports = { imap, imaps, submission, submissions };
    // Not below the repository: the path must be open to an unprivileged user, and short enough for its sockets.
    const directory = mkdtempSync(join(tmpdir(), "dovecot-"));
    await writeFiles(directory, users, account, { ...ports, relay: relay.port });
    give(directory, account);
    // In a session of its own: an interrupt at the terminal is the tests' affair.
    const keeper = spawn("sh", ["-c", KEEPER, DOVECOT, directory], {
      ...account.ids,
      cwd: "/",
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [keeper.stdout, keeper.stderr]) stream.on("data", (chunk) => (printed += chunk));
    dovecot = new Dovecot(ports, directory, users, account, keeper, relay);
    try {
      const starting = dovecot;
      await until("Dovecot greets", START_MS, async () => {
        if (/Fatal:/.test(printed + starting.log())) throw new Error("it has given up");
        return greets(ports);
      });
      return dovecot;
    } catch (error) {
      const said = printed + dovecot.log();
      await dovecot.stop();
      throw new Error(`Dovecot does not start:\n${said}`, { cause: error });
    }
  }

  /** PEM file of the authority to trust. */
  get ca(): string {
    return join(this.directory, "ca.crt");
  }

  log(): string {
    return readFileSync(join(this.directory, "dovecot.log"), "utf8");
  }

  passwordOf(user: string): string {
    return present(this.users.get(user));
  }

  /** Ends when the server accepts the password. */
  async setPassword(user: string, password: string): Promise<void> {
    this.users.set(user, password);
    const file = join(this.directory, "users");
    writeFileSync(`${file}.new`, passwdFile(this.users), { mode: 0o600 });
    give(`${file}.new`, this.account);
    // It compares whole seconds and the size: two changes within a second could look like one.
    const later = new Date(Math.max(statSync(file).mtimeMs + 1000, Date.now()));
    utimesSync(`${file}.new`, later, later);
    renameSync(`${file}.new`, file);
    await until(`Dovecot knows the password of ${user}`, PASSWORD_MS, () =>
      this.#session(user, { verifyOnly: true }).then(
        () => true,
        () => false,
      ),
    );
  }

  /** From then on it accepts connections and says nothing, until `thaw`. */
  freeze(): void {
    this.#signalAuth("SIGSTOP");
  }

  thaw(): void {
    this.#signalAuth("SIGCONT");
  }

  /** Into the INBOX. */
  async deliver(user: string, message: Buffer): Promise<void> {
    await this.#session(user, {}, (client) => client.append("INBOX", message));
  }

  async createFolder(user: string, path: readonly string[]): Promise<void> {
    await this.#session(user, {}, (client) => client.mailboxCreate([...path]));
  }

  async append(user: string, message: Buffer): Promise<void> {
    await this.#session(user, {}, (client) => client.append("INBOX", message));
  }

  /** As another mail program of the user's does it. */
  async flag(user: string, subject: string, flags: string[]): Promise<void> {
    await this.#session(user, {}, async (client) => {
      await client.mailboxOpen("INBOX");
      await client.messageFlagsAdd({ subject }, flags);
    });
  }

  async move(user: string, subject: string, folder: string): Promise<void> {
    await this.#session(user, {}, async (client) => {
      await client.mailboxOpen("INBOX");
      await client.messageMove({ subject }, folder);
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.keeper, "close");
    this.keeper.stdin.end();
    await ended;
    await this.relay.close();
  }

  async #session(
    user: string,
    options: { verifyOnly?: boolean },
    work: (client: ImapFlow) => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    const client = new ImapFlow({
      host: AT.good,
      port: this.ports.imaps,
      secure: true,
      auth: { user, pass: this.passwordOf(user) },
      tls: { ca: readFileSync(this.ca, "utf8") },
      logger: false,
      ...options,
    });
    // Emitted besides the rejection; unheard it would end the process.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await work(client);
    } finally {
      client.close();
    }
  }

  #signalAuth(signal: NodeJS.Signals): void {
    const processes = descendants(present(this.keeper.pid)).filter(({ command }) => /\/auth\b/.test(command));
    if (processes.length === 0) throw new Error("no process of Dovecot's looks at passwords");
    for (const { pid } of processes) process.kill(pid, signal);
  }
}

async function writeFiles(
  directory: string,
  users: Map<string, string>,
  { user, group }: Account,
  ports: Ports & { relay: number },
): Promise<void> {
  const write = (name: string, content: string) => writeFileSync(join(directory, name), content, { mode: 0o600 });
  const names = ["localhost", "127.0.0.1", ...Object.values({ ...AT, ...NAMED_ADDRESSES })];
  const { ca, ...leaves } = await makeServerCertificates(names);
  write("ca.crt", ca);
  for (const [name, { cert, key }] of Object.entries(leaves)) {
    write(`${name}.crt`, cert);
    write(`${name}.key`, key);
  }
  write("users", passwdFile(users));
  write("dovecot.log", "");
  for (const name of ["run", "state", "mail"]) mkdirSync(join(directory, name));
  const values: Record<string, string | number> = { ...ports, directory, user, group };
  const template = dovecotVersion().startsWith("2.3.") ? "dovecot-2.3.conf" : "dovecot-2.4.conf";
  const config = readFileSync(join(import.meta.dirname, template), "utf8");
  write(
    "dovecot.conf",
    config.replace(/@([A-Z]+)@/g, (_, name: string) => String(present(values[name.toLowerCase()]))),
  );
}

/** In Base64, so that a password may hold the separator. */
function passwdFile(users: Map<string, string>): string {
  return [...users]
    .map(([user, password]) => `${user}:{PLAIN.b64}${Buffer.from(password).toString("base64")}\n`)
    .join("");
}

async function greets({ imap, submission }: Ports): Promise<boolean> {
  const [atImap, atSubmission] = await Promise.all([greeting(imap), greeting(submission)]);
  return atImap.startsWith("* OK") && atSubmission.startsWith("220 ");
}

/** What the server says first; nothing when it does not listen. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, AT.good);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("latin1"));
    });
    socket.once("error", () => resolve(""));
    socket.once("close", () => resolve(""));
  });
}
