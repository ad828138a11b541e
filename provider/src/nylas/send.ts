import { setTimeout as pause } from "node:timers/promises";
import got, { type Got, type Request, RequestError, type Response, TimeoutError } from "got";
import * as v from "valibot";
import { UnexpectedResponseError } from "../errors.js";
import type { Host, Wording } from "../host.js";
import type { Notices } from "../notices.js";
import { cleaned, cleanedSentence, keepSecret } from "../redact.js";
import type { Settings } from "../settings.js";
import { ACCEPTED_CODING, BodyDamaged, BodyRefused, readBody } from "./body.js";
import { isOfOneMailbox, type RequestFailure, toNylasError } from "./failure.js";
import type { Pace } from "./pace.js";
import { proxyFor } from "./proxy.js";
import { PROXY_AUTHENTICATION_REQUIRED, ProxyRefusal } from "./proxy-refusal.js";
import { isProviderFailure, parseRetryAfter, retryDelay } from "./retry-delay.js";
import type { ServerClock } from "./server-clock.js";
import { APPLICATION_PATH, ErrorEnvelope, isNylasError } from "./wire.js";

/** Delay in milliseconds from which a notice announces it, so that a waiting run does not look stuck. */
const ANNOUNCED_PAUSE_MS = 3_000;
/** Shortest wait for the rate limiter that a debug line mentions, in milliseconds. */
const SHOWN_LIMITER_MS = 5;
/** Longest server text quoted in an error, in characters. */
const MAX_QUOTED_LENGTH = 300;
/** Longest `error.type` or request id of an answer, in characters; Nylas's have fewer than 50. */
const MAX_NAME_LENGTH = 100;
/** The status of a success that has no body. */
const NO_CONTENT = 204;
/** Connection failures before the request was sent. Not those that a retry cannot mend: a wrong host name or certificate. */
const UNSENT_CODES = ["ECONNREFUSED", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"];
/** Connection failures after which the request may have taken effect. */
const LOST_CODES = ["ECONNRESET", "EPIPE"];

export interface NylasRequest<T> {
  /** The operation and its object, for errors: `Authenticating mailbox ops@example.com`. */
  operation: string;
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Starts with `v3/`, without a leading slash. */
  path: string;
  query?: Record<string, string | number>;
  json?: unknown;
  /** Values in the body that no message may show. */
  secrets?: readonly string[];
  schema: v.GenericSchema<unknown, T>;
  /** Called after a success, with the time at which the first attempt that may have had the effect was sent, by `performance.now()`. */
  onSuccess?(sentAt: number): void;
  /** Never retry. */
  once?: boolean;
  /** Nylas logs in to a mail server with a password that may be wrong: hardly retry. */
  isLogin?: boolean;
}

/**
 * Sends a request with this key, retries if that is safe, and returns the parsed answer. Throws a `NylasError`, which holds no
 * request.
 */
export type Sender = <T>(apiKey: string, request: NylasRequest<T>) => Promise<T>;

export async function createSender(
  settings: Settings,
  pace: Pace,
  clock: ServerClock,
  { env, notices, signal, wording }: Host,
): Promise<Sender> {
  const proxy = await proxyFor(settings.apiUri, env);
  const http = got.extend({
    prefixUrl: settings.apiUri,
    timeout: { request: settings.timeoutSeconds * 1000 },
    headers: { accept: "application/json", "user-agent": "pulumi-nylas-imap" },
    followRedirect: false,
    ...(proxy === undefined ? {} : { agent: proxy.agent }),
    hooks: {
      beforeRequest: [
        async ({ context }) => {
          const begun = performance.now();
          await pace.turn();
          const sentAt = performance.now();
          Object.assign(context, { sentAt, limitedMs: sentAt - begun });
        },
      ],
    },
  });
  const connection = { http, pace, clock, proxy: proxy?.uri, notices, signal, wording };
  return (apiKey, request) => send(connection, apiKey, settings, request);
}

/** HTTP client, pace, clock and proxy for Nylas. */
interface Connection {
  http: Got;
  pace: Pace;
  clock: ServerClock;
  /** URL of the proxy that every request uses, without credentials. */
  proxy: string | undefined;
  notices: Notices;
  signal: AbortSignal;
  wording: Wording;
}

async function send<T>(
  connection: Connection,
  apiKey: string,
  settings: Settings,
  request: NylasRequest<T>,
): Promise<T> {
  const { notices, signal, wording } = connection;
  keepSecret(...(request.secrets ?? []));
  let attempts = 0;
  let mayHaveTakenEffect = false;
  let since: number | undefined;
  let spentMs = 0;
  for (;;) {
    attempts += 1;
    const response = await attempt(connection, apiKey, request);
    notices.debug(() => describeExchange(request, response));
    const sentAt = performance.now() - response.tookMs;
    if (!("failure" in response)) {
      request.onSuccess?.(since ?? sentAt);
      return parse(request, response);
    }
    const { failure, tookMs } = response;
    if (failure.mayHaveTakenEffect) since ??= sentAt;
    spentMs += tookMs;
    // Also if this request is not sent again: it holds for the others.
    if (failure.status === 429 && !isOfOneMailbox(request.path)) connection.pace.slowDown();
    const delay =
      request.once === true || !failure.repeatable
        ? undefined
        : retryDelay({ attempts, spentMs, isLogin: request.isLogin === true, ...failure }, Math.random());
    mayHaveTakenEffect ||= request.method !== "GET" && failure.mayHaveTakenEffect;
    const made = { count: attempts, path: request.path, mayHaveTakenEffect };
    const asError = () =>
      toNylasError(request.operation, settings, wording, { ...failure, proxy: connection.proxy }, made);
    if (delay === undefined || signal.aborted) throw asError();
    if (delay >= ANNOUNCED_PAUSE_MS) {
      const seconds = Math.ceil(delay / 1000);
      notices.notify(`${request.operation}: ${failure.answer}; waiting ${seconds} s before attempt ${attempts + 1}`);
    }
    notices.debug(() => `waiting ${Math.round(delay)} ms before attempt ${attempts + 1}: ${failure.answer}`);
    await pause(delay, undefined, { signal }).catch(() => {
      // The run is to end.
      throw asError();
    });
    spentMs += delay;
  }
}

interface Times {
  /** Since the request was sent. */
  tookMs: number;
  /** Before, in the rate limiter. */
  limitedMs: number;
}

interface Received extends Times {
  status: number;
  body: string;
}

interface Failed extends Times {
  failure: RequestFailure;
}

/** For `NYLAS_DEBUG`: method, path, outcome, times and request id; no body and no header. */
function describeExchange({ method, path, query }: NylasRequest<unknown>, response: Received | Failed): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) parameters.set(key, String(value));
  const target = parameters.size === 0 ? path : `${path}?${parameters}`;
  const { status, requestId, answer } =
    "failure" in response
      ? response.failure
      : { status: response.status, requestId: requestIdOf(response.body), answer: undefined };
  const limited = Math.round(response.limitedMs);
  const facts = [
    `${method} /${target} ${status ?? "no answer"} in ${Math.round(response.tookMs)} ms`,
    ...(requestId === undefined ? [] : [`request id ${requestId}`]),
    ...(limited >= SHOWN_LIMITER_MS ? [`after ${limited} ms for requestsPerSecond`] : []),
    ...(answer === undefined ? [] : [answer]),
  ];
  return facts.join(", ");
}

function requestIdOf(body: string): string | undefined {
  const envelope = v.safeParse(v.object({ request_id: v.string() }), parseJson(body));
  return envelope.success ? name(envelope.output.request_id) : undefined;
}

/** Sends once. got's responses and errors contain the request's body and headers, so this returns only extracted fields. */
async function attempt(
  { http, clock, proxy }: Connection,
  apiKey: string,
  request: NylasRequest<unknown>,
): Promise<Received | Failed> {
  const stream = http.stream(request.path, {
    method: request.method,
    headers: { authorization: `Bearer ${apiKey}`, "accept-encoding": ACCEPTED_CODING },
    // `readBody` decodes: got would decode every coding that Node knows.
    decompress: false,
    ...(request.query === undefined ? {} : { searchParams: request.query }),
    ...(request.json === undefined ? {} : { json: request.json }),
    // `retryDelay` decides about retries; got sends once.
    retry: { limit: 0 },
    // Checked below: got counts a redirect that it does not follow as a success.
    throwHttpErrors: false,
  });
  // The promises below receive the stream's error. Without a listener, Node exits if it comes while none of them is pending.
  stream.on("error", () => {});
  // Without a body, got expects its caller to end the stream, except for GET.
  if (request.json === undefined && request.method !== "GET") stream.end();
  try {
    const head = await headOf(stream);
    const body = await readBody(stream, head);
    const status = head.statusCode;
    if (status >= 200 && status <= 299) {
      clock.read(head.headers.date);
      return { status, body, ...times(stream) };
    }
    // Without a tunnel, only this status distinguishes the proxy's answers from Nylas's.
    const isFromProxy = proxy !== undefined && status === PROXY_AUTHENTICATION_REQUIRED;
    const failure = isFromProxy ? proxyRefusal(status) : errorAnswer(request, head, body);
    if (failure.status !== undefined) clock.read(head.headers.date);
    // A date is one of Nylas's clock.
    const retryAfterMs = parseRetryAfter(head.headers["retry-after"], clock.now() ?? Date.now());
    return { failure: { ...failure, retryAfterMs }, ...times(stream) };
  } catch (error) {
    const status = stream.response?.statusCode;
    if (error instanceof BodyRefused) return { failure: bodyRefused(error, status), ...times(stream) };
    if (!(error instanceof RequestError || error instanceof BodyDamaged)) throw error;
    return { failure: connectionFailure(error, status, request), ...times(stream) };
  }
}

function headOf(stream: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });
}

function times({ options }: Request): Times {
  const { sentAt, limitedMs } = options.context;
  return {
    tookMs: typeof sentAt === "number" ? performance.now() - sentAt : 0,
    limitedMs: typeof limitedMs === "number" ? limitedMs : 0,
  };
}

/** The failure that a complete answer describes. */
function errorAnswer(
  request: NylasRequest<unknown>,
  { statusCode, statusMessage, headers }: Response,
  body: string,
): RequestFailure {
  const json = parseJson(body);
  const envelope = v.safeParse(ErrorEnvelope, json);
  const described = envelope.success ? envelope.output : undefined;
  const inner = described?.error;
  const message = (typeof inner === "object" ? inner.message : described?.error_description) ?? statusMessage;
  const header = headers["x-request-id"];
  const type = code((typeof inner === "object" ? inner.type : inner) ?? undefined);
  const failure = {
    status: statusCode,
    type,
    requestId: name(described?.request_id ?? (typeof header === "string" ? header : undefined)),
    retryAfterMs: undefined,
    answer: quote(message),
    timedOut: false,
    unreadable: false,
    lostPost: false,
    // A mail server's failure may be reported after the grant was made.
    mayHaveTakenEffect: statusCode >= 500 || isProviderFailure(type),
    repeatable: true,
  };
  return isNylasError(json) || !isFinal(request, statusCode) ? failure : notOfNylas(failure, message, headers.server);
}

/**
 * Whether the status alone would decide something: a 404 that a grant is gone, a 400 that a password is wrong. Not a 429 or
 * 5xx, after which the request is repeated, nor a 401 for the application, after which the client tries its other key.
 */
function isFinal({ path }: NylasRequest<unknown>, status: number): boolean {
  return status >= 400 && status <= 499 && status !== 429 && !(status === 401 && path === APPLICATION_PATH);
}

/** An answer that is not Nylas's. Its status is not Nylas's either: a 404 would mean that a grant does not exist. */
function notOfNylas(
  { status, requestId, ...failure }: RequestFailure,
  message: string | undefined,
  server: string | string[] | undefined,
): RequestFailure {
  const says = `HTTP ${status} "${cleaned(message ?? "", MAX_QUOTED_LENGTH)}"`;
  const who = typeof server === "string" ? `a server that calls itself "${name(server)}"` : "something";
  return {
    ...failure,
    status: undefined,
    type: undefined,
    requestId,
    answer: `${who} answered ${says} without the request_id and error that Nylas sends: a gateway or proxy, and not Nylas`,
    unreadable: true,
    mayHaveTakenEffect: true,
    repeatable: false,
  };
}

/** The failure if there is no complete answer. */
function connectionFailure(
  error: RequestError | BodyDamaged,
  status: number | undefined,
  request: NylasRequest<unknown>,
): RequestFailure {
  const timedOut = error instanceof TimeoutError;
  // If the connection broke within the body, the status is known: one after which the request is repeated still counts.
  const undecided = status !== undefined && isFinal(request, status);
  const refused = status !== undefined && (status < 200 || status > 299) && !undecided;
  const lost = (status !== undefined && !refused) || LOST_CODES.includes(error.code);
  if (error.cause instanceof ProxyRefusal) return proxyRefusal(error.cause.status);
  return {
    status: refused ? status : undefined,
    type: undefined,
    requestId: undefined,
    retryAfterMs: undefined,
    answer: timedOut ? "no answer in time" : describeConnectionFailure(error.code, status),
    timedOut,
    unreadable: false,
    lostPost: lost && request.method === "POST",
    mayHaveTakenEffect: status === undefined ? !UNSENT_CODES.includes(error.code) : mayHideEffect(request, status),
    // The password in a POST that was refused may have been wrong.
    repeatable:
      !timedOut && !(undecided && request.method === "POST") && (refused || lost || UNSENT_CODES.includes(error.code)),
  };
}

/** Of an answer that broke off. The body of a refused login may say that the mail server failed, and then the grant may have been made. */
function mayHideEffect({ method }: NylasRequest<unknown>, status: number): boolean {
  return status !== 429 && (method === "POST" || status < 400 || status > 499);
}

/** Nylas sends no such bodies, so the status is ignored too: a 404 would mean that a grant does not exist. */
function bodyRefused({ message }: BodyRefused, status: number | undefined): RequestFailure {
  return {
    status: undefined,
    type: undefined,
    requestId: undefined,
    retryAfterMs: undefined,
    answer: `the answer (HTTP ${status}) ${message}`,
    timedOut: false,
    unreadable: true,
    lostPost: false,
    mayHaveTakenEffect: true,
    repeatable: false,
  };
}

/** The status is the proxy's and not Nylas's, so it is kept apart: a 404 would mean that a grant does not exist. */
function proxyRefusal(status: number): RequestFailure {
  return {
    status: undefined,
    proxyStatus: status,
    type: undefined,
    requestId: undefined,
    retryAfterMs: undefined,
    answer: `the proxy answered HTTP ${status}`,
    timedOut: false,
    unreadable: false,
    lostPost: false,
    mayHaveTakenEffect: false,
    repeatable: status >= 500,
  };
}

function describeConnectionFailure(code: string, status: number | undefined): string {
  return status === undefined
    ? `the connection failed with ${code}`
    : `the answer (HTTP ${status}) broke off with ${code}`;
}

function name(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleaned(text, MAX_NAME_LENGTH);
}

/** Codes are public words, as those of our sentences are. */
function code(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleanedSentence(text, MAX_NAME_LENGTH);
}

function quote(message: string | undefined): string {
  const clean = cleaned(message ?? "", MAX_QUOTED_LENGTH);
  return clean === "" ? "Nylas gave no reason" : `Nylas answered "${clean}"`;
}

function parse<T>(request: NylasRequest<T>, { body, status }: Received): T {
  const json = parseJson(body);
  const parsed = v.safeParse(request.schema, json);
  // Require JSON even if the schema accepts anything: with a gateway's HTML page, the request may not have reached Nylas.
  if (parsed.success && (json !== undefined || (body === "" && status === NO_CONTENT))) return parsed.output;
  const where = parsed.issues?.map((issue) => v.getDotPath(issue) ?? "the body").join(", ") ?? "the body";
  throw new UnexpectedResponseError({
    code: "unexpected_response",
    operation: request.operation,
    answer: `the answer is not what Nylas's contract promises (${where})`,
    status,
    mayHaveTakenEffect: request.method !== "GET",
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
