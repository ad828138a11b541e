import type { BehaviorName } from "nylas-emulator";
import type { Answer, Expected } from "./answer.js";
import type { Source } from "./sources.js";

/** What is expected of Nylas in one situation: a row of emulator/docs/nylas-answers.md, played at the emulator and at Nylas. */
export interface Expectation {
  /** Method and path as in the contract, such as `POST /v3/connect/custom`, or `any endpoint …`. */
  endpoint: string;
  situation: string;
  given: Given;
  answer: Expected;
  /** Alternative answers of the emulator, by behavior and value. */
  instead?: Instead;
  /** Source of the answer; for an assumption, a hint. */
  source: readonly [Source, ...Source[]];
  standing: Standing;
  live: Live;
  /** Sends the requests. All returned answers must match the expected one. */
  play(place: Place): Promise<Answer | readonly Answer[]>;
}

export const STANDINGS = {
  confirmed: "a public source says so",
  "type assumed": "a public source gives the status for this endpoint, and the error's type only in general",
  assumed: "no public source says so",
  different: "Nylas answers otherwise, and the source says how; the emulator differs on purpose",
} as const;
export type Standing = keyof typeof STANDINGS;

/** Required objects before the play. Other objects may exist. */
export type Given = "anything" | "no connector" | "connector" | "grant" | "connector and grant";

export type Instead = Readonly<Partial<Record<BehaviorName, Readonly<Record<string, Expected>>>>>;

/** Whether the play is safe on the real Nylas: always, only on request, or never, with the reason. */
export type Live = "always" | "wrong password" | "send" | { no: string };

/** An API and a mailbox on which expectations are played. */
export interface Place {
  readonly applicationId: string;
  readonly apiKey: string;
  readonly mailbox: Mailbox;
  /** Address on which nothing listens. */
  readonly silent: Server;
  /** `state` of grants that the suite creates. */
  readonly mark: string;
  /** The mailbox's grant, if the play requires one. */
  readonly grantId: string;
  call(method: string, path: string, request?: Request): Promise<Answer>;
  /** The emulator's control interface; undefined for the real Nylas. */
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
  /** Raw body instead of JSON. */
  text?: string;
  form?: Readonly<Record<string, string>>;
  /** Another API key, or null for none. */
  key?: string | null;
  headers?: Readonly<Record<string, string>>;
  /** Hangs up. */
  signal?: AbortSignal;
}

/** An id and a provider that do not exist. */
export const NOBODY = "6e0f4a3e-0000-4000-8000-000000000000";
export const NO_PROVIDER = "nobody";

/** The mailbox's settings for `connect/custom`. */
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
