import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../../tools/harness/until.js";
import { layerOf } from "./layers.mjs";

const START_MS = 30_000;

/** Why no mail server can run in a layer here; `undefined` if one can. */
export function missing(layer: string): string | undefined {
  if (userInfo().uid !== 0) return "needs root";
  if (!existsSync(layerOf(layer))) return `not installed: node test/conformance/mail-servers/install.mjs ${layer}`;
  return undefined;
}

/** A mail server that sees this machine's files, but changes none outside of its own directory. */
export class Contained {
  #printed = "";
  readonly #ended: Promise<unknown>;

  private constructor(
    readonly directory: string,
    private readonly shell: ChildProcessWithoutNullStreams,
  ) {
    this.#ended = once(shell, "close");
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk) => (this.#printed += chunk));
  }

  /** The files are written to the directory, which the commands see as `/srv/mail` and start in. */
  static async start(
    layer: string,
    files: Readonly<Record<string, string>>,
    commands: string,
    ports: readonly number[],
  ): Promise<Contained> {
    const directory = mkdtempSync(join(tmpdir(), `${layer}-`));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content, { mode: 0o644 });
    }
    execFileSync("chmod", ["755", directory]);
    const shell = spawn(join(import.meta.dirname, "run.sh"), [layerOf(layer), directory], { detached: true });
    const server = new Contained(directory, shell);
    try {
      await server.run(commands);
      for (const port of ports) await until(`${layer} listens at ${port}`, START_MS, () => listens(port));
      return server;
    } catch (error) {
      const said = server.log();
      await server.stop();
      throw new Error(`${layer} does not start:\n${said}`, { cause: error });
    }
  }

  /** Runs commands inside, and waits for their end. */
  async run(commands: string): Promise<void> {
    const end = `end-of-commands-${process.hrtime.bigint()}`;
    this.shell.stdin.write(`${commands}\necho ${end}\n`);
    await until(`${commands} has ended`, START_MS, () => {
      if (this.shell.exitCode !== null) throw new Error(`the shell has ended:\n${this.log()}`);
      return this.#printed.includes(end);
    });
  }

  log(): string {
    const file = join(this.directory, "log");
    return `${this.#printed}\n${existsSync(file) ? readFileSync(file, "utf8") : ""}`;
  }

  async stop(): Promise<void> {
    this.shell.stdin.end();
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/**
 * A command that adds a user to the SASL database of a contained server. The password is in this line of its file `passwords`,
 * because it may have characters that a shell acts on.
 */
export function addSaslUser(user: string, line: number): string {
  return `sed -n ${line}p passwords | tr -d '\\n' | saslpasswd2 -p -c -f /srv/mail/sasldb -u example.test ${user.split("@")[0]}`;
}

export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
