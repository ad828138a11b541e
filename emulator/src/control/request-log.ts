import { TOKEN_PREFIX } from "../secret.js";

/** Above either bound the oldest entries are dropped. */
const MAX_ENTRIES = 100_000;
const MAX_CHARACTERS = 16_777_216;
/** Estimated size of the fields other than strings, so that many small entries count too. */
const ENTRY_CHARACTERS = 100;
const SECRET_NAME =
  /code|token|secret|passw|pwd|login_hint|verifier|challenge|key|credential|assertion|signature|authorization|session/i;
/** Access, refresh and ID tokens of the emulator. */
const TOKENS = new RegExp(`${TOKEN_PREFIX}[\\w-]+|eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+`, "g");
const REDACTED = "[redacted]";

export interface LoggedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  /** As sent; 0 if the connection was reset without a response. */
  status: number;
  /** Arrival of the request, ISO 8601. */
  time: string;
  durationMs: number;
}

/** Status and duration are set when the response has been sent. */
type Entry = Omit<LoggedRequest, "status" | "durationMs"> & Partial<Pick<LoggedRequest, "status" | "durationMs">>;

/** The requests in order of arrival. Stores no bodies, no headers and no secrets. */
export class RequestLog {
  readonly #apiKey: string;
  readonly #maxCharacters: number;
  #entries: Entry[] = [];
  #characters = 0;

  constructor(apiKey: string, maxCharacters = MAX_CHARACTERS) {
    this.#apiKey = apiKey;
    this.#maxCharacters = maxCharacters;
  }

  /** Adds an entry; call the returned function with the status when the response has been sent. */
  arrived(method: string, path: string, query: Record<string, string>): (status: number) => void {
    const started = Date.now();
    const entry: Entry = {
      method,
      path: this.#withoutSecrets(path),
      query: this.#redacted(query),
      time: new Date(started).toISOString(),
    };
    this.#entries.push(entry);
    this.#characters += sizeOf(entry);
    this.#forgetOldest();
    return (status) => {
      entry.status = status;
      entry.durationMs = Date.now() - started;
    };
  }

  /** Requests that have been answered. */
  list(): LoggedRequest[] {
    return answered(this.#entries);
  }

  /** Those of the last `count` requests that have been answered, newest first. */
  latest(count: number): LoggedRequest[] {
    return answered(this.#entries.slice(-count)).reverse();
  }

  clear(): void {
    this.#entries = [];
    this.#characters = 0;
  }

  #forgetOldest(): void {
    while (this.#entries.length > MAX_ENTRIES || this.#characters > this.#maxCharacters) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      this.#characters -= sizeOf(oldest);
    }
  }

  #redacted(query: Record<string, string>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(query).map(([name, value]) => [
        this.#withoutSecrets(name),
        SECRET_NAME.test(name) ? REDACTED : this.#withoutSecrets(value),
      ]),
    );
  }

  /** A faulty client may put the API key or a token anywhere, such as in the path. */
  #withoutSecrets(text: string): string {
    return text.replaceAll(TOKENS, REDACTED).replaceAll(this.#apiKey, REDACTED);
  }
}

function answered(entries: readonly Entry[]): LoggedRequest[] {
  return entries.flatMap(({ status, durationMs, ...entry }) => {
    return status === undefined || durationMs === undefined ? [] : [{ ...entry, status, durationMs }];
  });
}

function sizeOf({ method, path, query }: Entry): number {
  const texts = [method, path, ...Object.keys(query), ...Object.values(query)];
  return texts.reduce((sum, text) => sum + text.length, ENTRY_CHARACTERS);
}
