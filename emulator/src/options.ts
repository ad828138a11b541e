/** The regions of Nylas's applications. */
export const REGIONS = ["us", "eu"] as const;

export type Region = (typeof REGIONS)[number];

/** The options of the command line in camelCase. */
export interface EmulatorOptions {
  /** Address to bind, also for the mail servers. Default `127.0.0.1`. */
  host?: string;
  /** Port of the API. Default 0: a free one. */
  port?: number;
  /** The application's API key. Default: a random one, or the one in the state file. */
  apiKey?: string;
  /** The application's region, as `GET /v3/applications` answers it. Default `us`. */
  region?: Region;
  /** Start the embedded IMAP and SMTP servers. Default false. */
  mail?: boolean;
  /** Port of the embedded IMAP server (implicit TLS). Default 0: a free one. */
  imapPort?: number;
  /** Port of the embedded SMTP server (implicit TLS). Default 0: a free one. */
  smtpPort?: number;
  /** Mailboxes: a JSON file's path, or the list itself. Default: those of the state file, or three samples. */
  users?: string | readonly MailUser[];
  /** PEM file of additional CA certificates to trust when logging in to mail servers. */
  ca?: string;
  /** Log in to mail servers. Default true; with false all credentials are accepted, and mailboxes are empty. */
  mailLogins?: boolean;
  /** Delay the answers of the API by about this many milliseconds: the median of a log-normal distribution. Default 0. */
  latency?: number;
  /** File in which the data survives a restart. Default: memory only. */
  state?: string;
  /** Answers that differ from the default, by name; see behaviors.ts. */
  behavior?: Readonly<Record<string, string>>;
  /** Makes sample passwords, fault probabilities and latencies repeatable. Default: random. */
  seed?: number;
}

export interface MailUser {
  username: string;
  password: string;
}

export interface Endpoint {
  host: string;
  port: number;
}

/** A running emulator. */
export interface Emulator {
  readonly apiUri: string;
  readonly apiKey: string;
  /** The page for people, with the API key in the fragment. */
  readonly pageUri: string;
  readonly applicationId: string;
  readonly region: Region;
  /** PEM certificate of the CA that signed the embedded servers' certificate; only with `mail`. */
  readonly ca?: string;
  /** Implicit TLS; only with `mail`. */
  readonly imap?: Endpoint;
  /** The same mailboxes behind STARTTLS; only with `mail`. */
  readonly imapStarttls?: Endpoint;
  /** Implicit TLS; only with `mail`. */
  readonly smtp?: Endpoint;
  /** Only with `mail`. */
  readonly users?: readonly MailUser[];
  /** Closes all connections and listeners. */
  close(): Promise<void>;
}

/** An invalid option. The message is written for the user. */
export class OptionError extends Error {}
