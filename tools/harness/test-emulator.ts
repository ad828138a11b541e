import { type Emulator, type EmulatorOptions, startEmulator } from "nylas-emulator";
import { EmulatorApi, type LoggedRequest, type WireGrant } from "./emulator.mjs";
import { type ChosenAnswers, emulators } from "./emulators.ts";

export type { LoggedRequest, WireGrant };

/** An emulator with its mail servers. Tests use its HTTP interface, as users do. */
export class TestEmulator extends EmulatorApi {
  readonly #port: number;

  constructor(
    readonly emulator: Emulator,
    behavior: ChosenAnswers = {},
  ) {
    super(emulator);
    this.#port = Number(new URL(emulator.apiUri).port);
    emulators.set(this.#port, behavior);
  }

  static async start(options: EmulatorOptions = {}): Promise<TestEmulator> {
    return new TestEmulator(await startEmulator({ mail: true, ...options }), options.behavior);
  }

  get env(): Record<string, string> {
    return { NYLAS_API_KEY: this.emulator.apiKey, NYLAS_API_URI: this.emulator.apiUri };
  }

  get imap(): { host: string; port: number } {
    return present(this.emulator.imap);
  }

  get smtp(): { host: string; port: number } {
    return present(this.emulator.smtp);
  }

  get users(): readonly { username: string; password: string }[] {
    return present(this.emulator.users);
  }

  /** One of the mailboxes. */
  user(index: number): { username: string; password: string } {
    return present(this.users[index]);
  }

  async grantOf(username: string): Promise<WireGrant> {
    return present((await this.grants()).find((grant) => grant.email === username));
  }

  /** Creates a grant without this package. */
  async foreignGrant(index: number, state?: string): Promise<WireGrant> {
    const { username, password } = this.user(index);
    const settings = {
      imap_username: username,
      imap_password: password,
      imap_host: this.imap.host,
      imap_port: this.imap.port,
      smtp_host: this.smtp.host,
      smtp_port: this.smtp.port,
    };
    return this.call("POST", "/v3/connect/custom", {
      provider: "imap",
      settings,
      ...(state === undefined ? {} : { state }),
    });
  }

  async faults(...rules: Record<string, unknown>[]): Promise<void> {
    await this.call("PUT", "/_emulator/faults", rules);
  }

  /** The open questions that requests have depended on so far. */
  async questionsAsked(): Promise<string[]> {
    const behaviors: { name: string; asked: number }[] = await this.call("GET", "/_emulator/behaviors");
    return behaviors.filter(({ asked }) => asked > 0).map(({ name }) => name);
  }

  async setStatus(grantId: string, status: "valid" | "invalid"): Promise<void> {
    await this.call("PATCH", `/_emulator/grants/${grantId}`, { grant_status: status });
  }

  async setBlocked(grantId: string, blocked: boolean): Promise<void> {
    await this.call("PATCH", `/_emulator/grants/${grantId}`, { blocked });
  }

  async close(): Promise<void> {
    await this.emulator.close();
    emulators.delete(this.#port);
  }
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a value that the test relies on is missing");
  return value;
}
