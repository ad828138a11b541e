import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { ImapFlow } from "imapflow";
import { until } from "../../../tools/harness/until.js";
import type { Ready, Usage } from "./target.js";

const script = join(import.meta.dirname, "target.ts");
/** Validates the process's answers against Nylas's contract. */
const preload = pathToFileURL(join(import.meta.dirname, "../../../test/conformance/contract/preload.ts")).href;
const SOCKETS_GONE_MS = 20_000;

const USERS = [
  { username: "victim@example.test", password: "Kn0ck-victim-o7Zq" },
  { username: "healthy@example.test", password: "Kn0ck-healthy-x2Wd" },
] as const;
export const [VICTIM, HEALTHY] = USERS;

/** A mailbox as a client sees it. */
export interface Seen {
  folders: string[];
  messages: { uid: number; flags: string[]; subject: string | undefined }[];
}

/** The server process under test. */
export class Target {
  readonly #child: ChildProcess;
  readonly #printed: string[];

  private constructor(
    child: ChildProcess,
    printed: string[],
    readonly ready: Ready,
  ) {
    this.#child = child;
    this.#printed = printed;
  }

  static async start(): Promise<Target> {
    const child = fork(script, [JSON.stringify(USERS)], {
      execArgv: ["--expose-gc", "--import", preload],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const printed: string[] = [];
    child.stdout?.on("data", (chunk) => printed.push(String(chunk)));
    child.stderr?.on("data", (chunk) => printed.push(String(chunk)));
    child.send("ready");
    // The first message is the answer to the first one sent; target.ts says what it is.
    const [ready] = (await once(child, "message")) as [Ready];
    return new Target(child, printed, ready);
  }

  /** Its output so far, and its exit code if it has ended. */
  get printed(): string {
    return this.#printed.join("");
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async usage(): Promise<Usage> {
    this.#child.send("usage");
    // target.ts says what it is.
    const [usage] = (await once(this.#child, "message")) as [Usage];
    return usage;
  }

  /** Resource usage after all connections have closed. */
  async usageAtRest(): Promise<Usage> {
    let usage = await this.usage();
    await until("the target has no open connection", SOCKETS_GONE_MS, async () => {
      usage = await this.usage();
      return usage.sockets === 0;
    });
    return usage;
  }

  /** Logs in like an ordinary client and reads the mailbox. */
  async read({ username, password }: { username: string; password: string }): Promise<Seen> {
    const { imap, ca } = this.ready;
    const client = new ImapFlow({
      ...imap,
      secure: true,
      auth: { user: username, pass: password },
      tls: { ca },
      disableAutoIdle: true,
      logger: false,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const folders = (await client.list()).map(({ path }) => path);
      await client.mailboxOpen("INBOX");
      const found = await client.fetchAll("1:*", { uid: true, flags: true, envelope: true });
      const messages = found.map(({ uid, flags, envelope }) => ({
        uid,
        flags: [...(flags ?? [])],
        subject: envelope?.subject,
      }));
      await client.logout();
      return { folders, messages };
    } finally {
      client.close();
    }
  }

  async call(path: string): Promise<unknown> {
    const { apiUri, apiKey } = this.ready;
    // Without an agent, the connection closes after the answer. Connections of `fetch` stay open.
    const asked = get(`${apiUri}${path}`, { agent: false, headers: { authorization: `Bearer ${apiKey}` } });
    // The types of `once` do not declare a request's events.
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    return json(answer);
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exit;
  }
}
