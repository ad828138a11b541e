/** The oldest entry goes when one more comes. */
const MAX_ENTRIES = 100_000;
const SECRET_NAME = /code|token|secret|password|login_hint|verifier|challenge/i;

export interface LoggedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  /** As sent; 0 when the connection was reset instead. */
  status: number;
  /** When the request came, ISO 8601. */
  time: string;
  durationMs: number;
}

/** Without status and duration until the answer is out. */
type Entry = Omit<LoggedRequest, "status" | "durationMs"> & Partial<Pick<LoggedRequest, "status" | "durationMs">>;

/** What was asked of the API and answered, in the order of arrival. No body, no header, no secret. */
export class RequestLog {
  #entries: Entry[] = [];

  /** Call the result with the status once it is sent. */
  arrived(method: string, path: string, query: Record<string, string>): (status: number) => void {
    const started = Date.now();
    const entry: Entry = { method, path, query: redacted(query), time: new Date(started).toISOString() };
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    return (status) => {
      entry.status = status;
      entry.durationMs = Date.now() - started;
    };
  }

  /** The answered ones. */
  list(): LoggedRequest[] {
    return this.#entries.flatMap(({ status, durationMs, ...entry }) => {
      return status === undefined || durationMs === undefined ? [] : [{ ...entry, status, durationMs }];
    });
  }

  clear(): void {
    this.#entries = [];
  }
}

function redacted(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, SECRET_NAME.test(name) ? "[redacted]" : value]),
  );
}
