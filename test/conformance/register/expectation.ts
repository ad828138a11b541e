import type { BehaviourName } from "nylas-emulator";
import type { Answer, Expected } from "./answer.js";
import type { Source } from "./sources.js";

/** What is expected of Nylas in one situation: a row of docs/nylas-answers.md, played at the emulator and at Nylas. */
export interface Expectation {
  /** As the contract writes it, `POST /v3/connect/custom`; or `any endpoint …`. */
  endpoint: string;
  situation: string;
  given: Given;
  answer: Expected;
  /** The other answers that the emulator can be told to give, by behaviour and value. */
  instead?: Instead;
  /** Where the answer is from; for an assumption, what suggests it. */
  source: readonly [Source, ...Source[]];
  standing: Standing;
  live: Live;
  /** Makes the calls. All answers that it returns are held to the expected one. */
  play(place: Place): Promise<Answer | readonly Answer[]>;
}

export const STANDINGS = {
  confirmed: "a public source says so",
  "type assumed": "a public source gives the status for this endpoint, and the error's type only in general",
  assumed: "no public source says so",
  different: "Nylas answers otherwise, and the source says how; the emulator differs on purpose",
} as const;
export type Standing = keyof typeof STANDINGS;

/** What there is before the play; whatever is not named may or may not be there. The last one is taken apart. */
export type Given = "anything" | "no connector" | "connector" | "grant" | "connector and grant";

export type Instead = Readonly<Partial<Record<BehaviourName, Readonly<Record<string, Expected>>>>>;

/** Whether the play is safe at Nylas itself: always, only when it was asked for, or not, and why. */
export type Live = "always" | "wrong password" | "send" | { no: string };

/** An API with one mailbox to try. */
export interface Place {
  readonly applicationId: string;
  readonly apiKey: string;
  readonly mailbox: Mailbox;
  /** Nothing answers there. */
  readonly silent: Server;
  /** The state that marks a grant as made here. */
  readonly mark: string;
  /** The mailbox's grant, where one is given. */
  readonly grantId: string;
  call(method: string, path: string, request?: Request): Promise<Answer>;
  /** What only an emulator can be told: its control interface. */
  control(method: string, path: string, body: unknown): Promise<void>;
}

export interface Mailbox {
  username: string;
  password: string;
  imap: Server;
  smtp: Server;
}

export interface Server {
  host: string;
  port: number;
}

export interface Request {
  json?: unknown;
  /** Sent as it is, instead of JSON. */
  text?: string;
  form?: Readonly<Record<string, string>>;
  /** Instead of the application's key; null for none. */
  key?: string | null;
  headers?: Readonly<Record<string, string>>;
}

/** An id and a provider that no application has. */
export const NOBODY = "6e0f4a3e-0000-4000-8000-000000000000";
export const NO_PROVIDER = "nobody";

/** The settings of the mailbox, as connect/custom takes them. */
export function settingsOf({ mailbox }: Pick<Place, "mailbox">): Record<string, unknown> {
  const { username, password, imap, smtp } = mailbox;
  return {
    imap_username: username,
    imap_password: password,
    imap_host: imap.host,
    imap_port: imap.port,
    smtp_host: smtp.host,
    smtp_port: smtp.port,
  };
}

/** `POST /v3/connect/custom` of the mailbox, with other settings in place of its own; undefined leaves one out. */
export function authenticate(place: Place, other: Record<string, unknown> = {}, state = place.mark): Promise<Answer> {
  const settings = { ...settingsOf(place), ...other };
  return place.call("POST", "/v3/connect/custom", { json: { provider: "imap", settings, state } });
}
