import { elementsOf, textOf as markupText } from "../support/html.js";

/** What came over the wire. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON, text otherwise. */
  body: unknown;
}

/** What should come. */
export interface Expected {
  status: number;
  /** `error.type`, or `error` where Nylas answers in OAuth's form. */
  type?: string;
  /** By path: `data.id`, `data.0.email`, `headers.retry-after`, `body` for the whole. A plain value must be equal. */
  fields?: Readonly<Record<string, unknown>>;
}

/** What a field may be, in words for the table. */
export class Matcher {
  constructor(
    readonly says: string,
    readonly fits: (value: unknown, of: Subject) => boolean,
  ) {}
}

/** Whom the answer is about. */
export interface Subject {
  mark: string;
  applicationId: string;
  grantId: string;
  mailbox: { username: string; password: string };
}

export const ABSENT = new Matcher("absent", (value) => value === undefined);
export const AN_ID = new Matcher("an id", (value) => typeof value === "string" && /^[0-9a-f-]{36}$/.test(value));
export const A_TIME = new Matcher("seconds since 1970", (value) => Number.isInteger(value));
export const A_COUNT = new Matcher("a number", Number.isInteger);
export const A_LIST = new Matcher("a list", Array.isArray);
export const AN_EMPTY_LIST = new Matcher("an empty list", (value) => Array.isArray(value) && value.length === 0);
export const AN_ERROR = new Matcher("an object", (value) => typeof value === "object" && value !== null);
export const A_TEXT = new Matcher("a string", (value) => typeof value === "string" && value !== "");
export const THE_APPLICATION = new Matcher(
  "the application's id",
  (value, { applicationId }) => value === applicationId,
);
export const THE_ADDRESS = new Matcher("the mailbox's address", (value, { mailbox }) => value === mailbox.username);
export const THE_ADDRESS_WITH_A_NAME = new Matcher(
  "a name and the mailbox's address in brackets",
  (value, { mailbox }) => typeof value === "string" && /^\w+ </.test(value) && value.endsWith(`<${mailbox.username}>`),
);
export const THE_ADDRESS_AND_A_BLANK = new Matcher(
  "the mailbox's address and a blank",
  (value, { mailbox }) => value === `${mailbox.username} `,
);
export const THE_PASSWORD = new Matcher("the password", (value, { mailbox }) => value === mailbox.password);
export const THE_MARK = new Matcher("the first one", (value, { mark }) => value === mark);
export const THE_GRANT = new Matcher("the same id", (value, { grantId }) => value === grantId);

/** Whether the answer is the expected one. */
export function fits(expected: Expected, answer: Answer, subject: Subject): boolean {
  return (
    answer.status === expected.status &&
    (expected.type === undefined || typeOf(answer) === expected.type) &&
    Object.entries(expected.fields ?? {}).every(([path, wanted]) => {
      const value = fieldOf(answer, path);
      return wanted instanceof Matcher ? wanted.fits(value, subject) : JSON.stringify(value) === JSON.stringify(wanted);
    })
  );
}

/** The expected answer as the table writes it. */
export function inWords({ status, type, fields = {} }: Expected): string {
  const said = Object.entries(fields).map(([path, wanted]) => {
    return `\`${path}\`: ${wanted instanceof Matcher ? wanted.says : `\`${JSON.stringify(wanted)}\``}`;
  });
  return [`${status}${type === undefined ? "" : ` \`${type}\``}`, ...said].join(", ");
}

/** What came, for the message of a failed test: of fields only those that were expected, for a body holds secrets. */
export function whatCame(answer: Answer, expected: Expected): string {
  const request = answer.headers.get("x-request-id") ?? fieldOf(answer, "request_id");
  const shown = Object.keys(expected.fields ?? {}).map((path) => `${path}: ${kindOf(fieldOf(answer, path))}`);
  return [`${answer.status} ${typeOf(answer) ?? ""}`.trim(), ...shown, `request id ${String(request)}`].join(", ");
}

export function typeOf({ body }: Answer): string | undefined {
  if (typeof body === "string") return alertOf(body)?.type;
  const error = field(body, "error");
  const type = typeof error === "string" ? error : field(error, "type");
  return typeof type === "string" ? type : undefined;
}

/** What an error says to people. */
export function messageOf({ body }: Answer): string | undefined {
  if (typeof body === "string") return alertOf(body)?.message;
  const message = field(field(body, "error"), "message") ?? field(body, "error_description");
  return typeof message === "string" ? message : undefined;
}

/** The refusal on the hosted form: its text, and its type where it has one. */
function alertOf(page: string): { message: string; type: string | undefined } | undefined {
  const alert = elementsOf(page).find(({ attributes }) => attributes.role === "alert");
  if (alert === undefined) return undefined;
  const type = elementsOf(alert.content).find(({ name }) => name === "code");
  return { message: markupText(alert.content), type: type && markupText(type.content) };
}

export function fieldOf(answer: Answer, path: string): unknown {
  if (path.startsWith("headers.")) return answer.headers.get(path.slice("headers.".length)) ?? undefined;
  if (path === "body") return answer.body;
  return path.split(".").reduce(field, answer.body);
}

export function textOf(answer: Answer, path: string): string {
  const value = fieldOf(answer, path);
  return typeof value === "string" ? value : "";
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** A short value as it is, and of a string or an object only its type. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean")
    return String(value);
  return `a ${typeof value}`;
}
