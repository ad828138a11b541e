import { createServer } from "node:net";
import type { Answers } from "../../../tools/harness/open-questions.js";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { type Answer, fieldOf, textOf } from "./answer.js";
import {
  authenticate,
  type Expectation,
  type Given,
  type Mailbox,
  type Place,
  type Request,
  type Server,
} from "./expectation.js";
import { ask } from "./http.js";

/** An emulator on which all expectations can be played in sequence. */
export class EmulatorPlace implements Place {
  readonly #emulator: TestEmulator;
  readonly #seen: (answer: Answer) => void;
  readonly silent: Server;
  readonly mark = "expectations";
  grantId = "";

  private constructor(emulator: TestEmulator, silent: Server, seen: (answer: Answer) => void) {
    this.#emulator = emulator;
    this.#seen = seen;
    this.silent = silent;
  }

  /** Calls `seen` with every answer. */
  static async start(behavior: Answers, seen: (answer: Answer) => void = () => undefined): Promise<EmulatorPlace> {
    return new EmulatorPlace(await TestEmulator.start({ behavior }), await closedPort(), seen);
  }

  get applicationId(): string {
    return this.#emulator.emulator.applicationId;
  }

  get apiKey(): string {
    return this.#emulator.emulator.apiKey;
  }

  get mailbox(): Mailbox {
    const { imap, smtp } = this.#emulator;
    return { ...this.#emulator.user(0), imap, smtp };
  }

  readonly call = async (method: string, path: string, request?: Request): Promise<Answer> => {
    const answer = await ask(this.#emulator.emulator.apiUri, this.apiKey, method, path, request);
    this.#seen(answer);
    return answer;
  };

  readonly control = async (method: string, path: string, body: unknown): Promise<void> => {
    await this.#emulator.call(method, `/_emulator/${path}`, body);
  };

  async play({ given, play }: Expectation): Promise<readonly Answer[]> {
    await this.#prepare(given);
    const played = await play(this);
    return "status" in played ? [played] : played;
  }

  close(): Promise<void> {
    return this.#emulator.close();
  }

  async #prepare(given: Given): Promise<void> {
    if (given === "anything") return;
    for (const { id } of await this.#emulator.grants()) await this.call("DELETE", `/v3/grants/${id}`);
    const { status } = await this.call("GET", "/v3/connectors/imap");
    if (given === "no connector") {
      if (status === 200) await this.call("DELETE", "/v3/connectors/imap");
      return;
    }
    if (status === 404) await this.call("POST", "/v3/connectors", { json: { provider: "imap" } });
    if (given === "connector") return;
    const made = await authenticate(this);
    if (fieldOf(made, "data.id") === undefined)
      throw new Error(`the mailbox could not be given a grant: ${made.status}`);
    this.grantId = textOf(made, "data.id");
  }
}

/** Returns an unused local port, on which nothing listens. */
async function closedPort(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  return { host: "127.0.0.1", port: address.port };
}
