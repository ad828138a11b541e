import { setTimeout as pause } from "node:timers/promises";
import { type Got, type Request, RequestError, type Response, TimeoutError } from "got";
import * as v from "valibot";
import { UnexpectedResponseError } from "../errors.js";
import { notify } from "../notify.js";
import { cleaned, keepSecret } from "../redact.js";
import type { Settings } from "../settings.js";
import { BodyTooLarge, readBody } from "./body.js";
import { type Failure, toNylasError } from "./failure.js";
import { PROXY_AUTHENTICATION_REQUIRED, ProxyRefusal } from "./proxy-refusal.js";
import { retryDelay } from "./retry-delay.js";
import { ErrorEnvelope } from "./wire.js";

/** A pause longer than this, in milliseconds, is announced, so that a waiting run does not look hung. */
const ANNOUNCED_PAUSE_MS = 3_000;
/** Longest server text quoted in an error, in characters. */
const MAX_QUOTED_LENGTH = 300;
/** Longest `error.type` or request id of an answer, in characters; Nylas's own have less than 50. */
const MAX_NAME_LENGTH = 100;
/** Connection failures before the request was sent. It may be sent again; a wrong host name or certificate stays wrong. */
const UNSENT_CODES = ["ECONNREFUSED", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"];
/** Connection failures after which the request may have taken effect. */
const LOST_CODES = ["ECONNRESET", "EPIPE"];

export interface NylasRequest<T> {
  /** What is tried and on what, for errors: `Authenticating mailbox ops@example.com`. */
  operation: string;
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From `v3/` on, without a leading slash. */
  path: string;
  query?: Record<string, string | number>;
  json?: unknown;
  /** Values in the body that no message may show. */
  secrets?: readonly string[];
  schema: v.GenericSchema<unknown, T>;
  /** Do not send again whatever happens. */
  once?: boolean;
}

/** How Nylas is reached. */
export interface Connection {
  http: Got;
  /** The address of the proxy that every request goes through, without credentials. */
  proxy: string | undefined;
}

/** Sends one request, again where that is safe, and gives back the checked answer or a `NylasError` without the request. */
export async function send<T>(
  connection: Connection,
  apiKey: string,
  settings: Settings,
  request: NylasRequest<T>,
): Promise<T> {
  keepSecret(...(request.secrets ?? []));
  let attempts = 0;
  let spentMs = 0;
  for (;;) {
    attempts += 1;
    const response = await attempt(connection, apiKey, request);
    if (!("failure" in response)) return parse(request, response);
    const { failure, tookMs } = response;
    spentMs += tookMs;
    const delay =
      request.once === true || !failure.repeatable
        ? undefined
        : retryDelay({ attempts, spentMs, ...failure }, Math.random(), Date.now());
    if (delay === undefined)
      throw toNylasError(request.operation, settings, { ...failure, proxy: connection.proxy }, attempts);
    if (delay >= ANNOUNCED_PAUSE_MS) {
      const seconds = Math.ceil(delay / 1000);
      notify(`${request.operation}: ${failure.answer}; waiting ${seconds} s before attempt ${attempts + 1}`);
    }
    await pause(delay);
    spentMs += delay;
  }
}

interface Received {
  status: number;
  body: string;
}

interface Failed {
  failure: Failure;
  tookMs: number;
}

/** Sends once. got's response and error carry the request's body and headers: only facts taken from them leave this function. */
async function attempt(
  { http, proxy }: Connection,
  apiKey: string,
  request: NylasRequest<unknown>,
): Promise<Received | Failed> {
  const stream = http.stream(request.path, {
    method: request.method,
    headers: { authorization: `Bearer ${apiKey}` },
    ...(request.query === undefined ? {} : { searchParams: request.query }),
    ...(request.json === undefined ? {} : { json: request.json }),
    // The rule for sending again is one function of this package's; got sends once.
    retry: { limit: 0 },
    // The rule for success too: got takes a redirect that it does not follow for one.
    throwHttpErrors: false,
  });
  // Whoever waits for the stream gets its error; without a listener, Node exits between two waits.
  stream.on("error", () => {});
  // got leaves the end of an absent body to its caller, except with GET.
  if (request.json === undefined && request.method !== "GET") stream.end();
  try {
    const head = await headOf(stream);
    const body = await readBody(stream, Number(head.headers["content-length"] ?? 0));
    const status = head.statusCode;
    if (status >= 200 && status <= 299) return { status, body };
    // Without a tunnel, this status alone tells the proxy's answers from Nylas's.
    const isProxys = proxy !== undefined && status === PROXY_AUTHENTICATION_REQUIRED;
    const failure = isProxys ? proxyRefusal(status) : refusal(head, body);
    return { failure, tookMs: elapsed(stream) };
  } catch (error) {
    if (error instanceof BodyTooLarge)
      return { failure: tooLarge(error, stream.response?.statusCode), tookMs: elapsed(stream) };
    if (!(error instanceof RequestError)) throw error;
    return { failure: breakdown(error, request), tookMs: elapsed(stream) };
  }
}

function headOf(stream: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });
}

/** Since the request was sent, in milliseconds: its wait for the limiter is not the server's time. */
function elapsed({ timings }: Request): number {
  return timings === undefined ? 0 : Date.now() - timings.start;
}

/** What a whole answer says that is not a success. */
function refusal({ statusCode, statusMessage, headers }: Response, body: string): Failure {
  const envelope = v.safeParse(ErrorEnvelope, parseJson(body));
  const described = envelope.success ? envelope.output : undefined;
  const inner = described?.error;
  const message = (typeof inner === "object" ? inner.message : described?.error_description) ?? statusMessage;
  const header = headers["x-request-id"];
  return {
    status: statusCode,
    type: name((typeof inner === "object" ? inner.type : inner) ?? undefined),
    requestId: name(described?.request_id ?? (typeof header === "string" ? header : undefined)),
    retryAfter: headers["retry-after"],
    answer: quote(message),
    timedOut: false,
    unreadable: false,
    lostPost: false,
    repeatable: true,
  };
}

/** What is known when there is no whole answer. */
function breakdown(error: RequestError, { method }: NylasRequest<unknown>): Failure {
  const timedOut = error instanceof TimeoutError;
  // A body that broke off leaves the status: a refusal stays one, although it cannot say why any more.
  const status = error.response?.statusCode;
  const refused = status !== undefined && (status < 200 || status > 299);
  const lost = (status !== undefined && !refused) || LOST_CODES.includes(error.code);
  if (error.cause instanceof ProxyRefusal) return proxyRefusal(error.cause.status);
  return {
    status: refused ? status : undefined,
    type: undefined,
    requestId: undefined,
    retryAfter: undefined,
    answer: timedOut ? "no answer in time" : describeBreak(error.code, status),
    timedOut,
    unreadable: false,
    lostPost: lost && method === "POST",
    repeatable: !timedOut && (refused || lost || UNSENT_CODES.includes(error.code)),
  };
}

/** A body of this size is not Nylas's, so nothing is believed of its status: a 404 would mean that a grant is gone. */
function tooLarge({ message }: BodyTooLarge, status: number | undefined): Failure {
  return {
    status: undefined,
    type: undefined,
    requestId: undefined,
    retryAfter: undefined,
    answer: `the answer (HTTP ${status}) ${message}`,
    timedOut: false,
    unreadable: true,
    lostPost: false,
    repeatable: false,
  };
}

/** Nothing was forwarded, and the status is not Nylas's: a 404 would mean that a grant is gone. */
function proxyRefusal(status: number): Failure {
  return {
    status: undefined,
    proxyStatus: status,
    type: undefined,
    requestId: undefined,
    retryAfter: undefined,
    answer: `the proxy answered HTTP ${status}`,
    timedOut: false,
    unreadable: false,
    lostPost: false,
    repeatable: status >= 500,
  };
}

function describeBreak(code: string, status: number | undefined): string {
  return status === undefined
    ? `the connection failed with ${code}`
    : `the answer (HTTP ${status}) broke off with ${code}`;
}

function name(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleaned(text, MAX_NAME_LENGTH);
}

function quote(message: string | undefined): string {
  const clean = cleaned(message ?? "", MAX_QUOTED_LENGTH);
  return clean === "" ? "Nylas gave no reason" : `Nylas answered "${clean}"`;
}

function parse<T>(request: NylasRequest<T>, { body, status }: Received): T {
  const json = parseJson(body);
  const parsed = v.safeParse(request.schema, json);
  // A gateway's page is no answer, also where nothing is read of the answer: the request may not have reached Nylas.
  if (parsed.success && (json !== undefined || body === "")) return parsed.output;
  const where = parsed.issues?.map((issue) => v.getDotPath(issue) ?? "the body").join(", ") ?? "the body";
  throw new UnexpectedResponseError({
    code: "unexpected_response",
    operation: request.operation,
    answer: `the answer is not what Nylas's contract promises (${where})`,
    status,
    remedy: "check that apiUri points at Nylas or its emulator; otherwise report it to this package",
  });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
