import { setTimeout as pause } from "node:timers/promises";
import got, { type Got, HTTPError, RequestError, TimeoutError } from "got";
import pThrottle from "p-throttle";
import * as v from "valibot";
import { notify } from "../notify.js";
import { redact } from "../redact.js";
import { environmentVariable, type Settings } from "../settings.js";
import {
  AccessError,
  MailServerError,
  NylasError,
  type NylasErrorFacts,
  UnavailableError,
  UnexpectedResponseError,
} from "./errors.js";
import { isProviderFailure, retryDelay } from "./retry-delay.js";
import { type Application, ApplicationWire, ErrorEnvelope, single } from "./wire.js";

/** A pause longer than this, in milliseconds, is announced, so that a waiting run does not look hung. */
const ANNOUNCED_PAUSE_MS = 3_000;
/** Longest server text quoted in an error, in characters. */
const MAX_QUOTED_LENGTH = 300;
/** Connection failures after which the request may be sent again; a wrong host name or certificate stays wrong. */
const RETRIED_CODES = ["ECONNRESET", "ECONNREFUSED", "EPIPE", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"];

export interface NylasRequest<T> {
  /** What is tried and on what, for errors: `Authenticating mailbox ops@example.com`. */
  operation: string;
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From `/v3` on. */
  path: string;
  query?: Record<string, string | number>;
  json?: unknown;
  /** Values in the body that no message may show. */
  secrets?: readonly string[];
  schema: v.GenericSchema<unknown, T>;
  /** Do not send again whatever happens. */
  once?: boolean;
}

export interface Answer<T> {
  value: T;
  /** How often the request was sent: more than once means that an earlier one may have taken effect unseen. */
  attempts: number;
}

/** One application of Nylas, reached with one key. */
export interface NylasClient {
  readonly settings: Settings;
  /**
   * The application that the key belongs to, asked once per process; every lifecycle step starts here, so a refused key
   * gives way to the environment's before anything else is sent. Throws `wrong_application` when another one is configured.
   */
  application(): Promise<Application>;
  request<T>(request: NylasRequest<T>): Promise<Answer<T>>;
  /** The key in use, for the one request that carries it in its body. */
  apiKey(): string;
}

/** Makes a client; one per settings and process, so that its limiter and its connections are shared. */
export function createClient(settings: Settings): NylasClient {
  const throttle = pThrottle({ limit: settings.requestsPerSecond, interval: 1000, strict: true })(() => {});
  let apiKey = settings.apiKeys[0];
  let known: Promise<Application> | undefined;

  const http = got.extend({
    prefixUrl: settings.apiUri,
    timeout: { request: settings.timeoutSeconds * 1000 },
    headers: { accept: "application/json", "user-agent": "pulumi-nylas-imap" },
    responseType: "text",
    followRedirect: false,
    hooks: {
      beforeRequest: [
        async () => {
          await throttle();
        },
      ],
    },
  });

  return {
    settings,
    application: () => {
      known ??= identify();
      return known;
    },
    request: (request) => send(http, apiKey, settings, request),
    apiKey: () => apiKey,
  };

  async function identify(): Promise<Application> {
    try {
      return await identifyWithKeys();
    } catch (error) {
      // A refused key stays refused for this process; anything else may pass, so the next caller asks again.
      if (!(error instanceof AccessError)) known = undefined;
      throw error;
    }
  }

  async function identifyWithKeys(): Promise<Application> {
    let refused: unknown;
    for (const candidate of settings.apiKeys) {
      try {
        const answer = await send(http, candidate, settings, {
          operation: `Asking Nylas which application the key of "${settings.application}" belongs to`,
          method: "GET",
          path: "v3/applications",
          schema: single(ApplicationWire),
        });
        apiKey = candidate;
        return expectApplication(settings, answer.value.data);
      } catch (error) {
        if (!(error instanceof AccessError) || error.code !== "api_key_refused") throw error;
        refused = error;
      }
    }
    throw refused;
  }
}

/** The result, or `undefined` when Nylas says 404. Callers know the key's application by then: see `application()`. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NylasError && error.status === 404) return undefined;
    throw error;
  }
}

function expectApplication(settings: Settings, found: Application): Application {
  if (settings.applicationId === undefined || settings.applicationId === found.applicationId) return found;
  throw new AccessError({
    code: "wrong_application",
    operation: `Checking the API key of "${settings.application}"`,
    answer: `it belongs to application ${found.applicationId}, but ${settings.application}:applicationId demands ${settings.applicationId}; nothing was changed`,
    remedy: `give the key of application ${settings.applicationId}, or correct ${settings.application}:applicationId`,
  });
}

async function send<T>(http: Got, apiKey: string, settings: Settings, request: NylasRequest<T>): Promise<Answer<T>> {
  const secrets = [...(request.secrets ?? []), ...settings.apiKeys];
  let attempts = 0;
  let waitedMs = 0;
  for (;;) {
    attempts += 1;
    try {
      const response = await http(request.path.replace(/^\//, ""), {
        method: request.method,
        headers: { authorization: `Bearer ${apiKey}` },
        ...(request.query === undefined ? {} : { searchParams: request.query }),
        ...(request.json === undefined ? {} : { json: request.json }),
        // The rule for sending again is one function of this package's; got sends once.
        retry: { limit: 0 },
      });
      return { value: parse(request, response.body, response.statusCode, secrets), attempts };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const failure = facts(error, secrets);
      const delay =
        request.once === true || !failure.repeatable
          ? undefined
          : retryDelay({ attempts, waitedMs, ...failure }, Math.random(), Date.now());
      // The got error carries the request's body and headers: only the facts taken from it leave this function.
      if (delay === undefined) throw toNylasError(request, settings, failure, attempts);
      if (delay >= ANNOUNCED_PAUSE_MS) {
        const seconds = Math.ceil(delay / 1000);
        notify(`${request.operation}: ${failure.answer}; waiting ${seconds} s before attempt ${attempts + 1}`);
      }
      await pause(delay);
      waitedMs += delay;
    }
  }
}

interface Failure {
  status: number | undefined;
  type: string | undefined;
  requestId: string | undefined;
  retryAfter: string | undefined;
  answer: string;
  timedOut: boolean;
  repeatable: boolean;
}

function facts(error: RequestError, secrets: readonly string[]): Failure {
  if (!(error instanceof HTTPError)) {
    const timedOut = error instanceof TimeoutError;
    return {
      status: undefined,
      type: undefined,
      requestId: undefined,
      retryAfter: undefined,
      answer: timedOut ? "no answer in time" : `the connection failed with ${error.code}`,
      timedOut,
      // A body that broke off is reported without a code of the socket's; it is as repeatable as a reset.
      repeatable: !timedOut && (RETRIED_CODES.includes(error.code) || error.response !== undefined),
    };
  }
  const { statusCode, headers, body } = error.response;
  const envelope = v.safeParse(ErrorEnvelope, parseJson(body));
  const described = envelope.success ? envelope.output : undefined;
  const inner = described?.error;
  const message =
    (typeof inner === "object" ? inner.message : described?.error_description) ?? error.response.statusMessage;
  const header = headers["x-request-id"];
  return {
    status: statusCode,
    type: (typeof inner === "object" ? inner.type : inner) ?? undefined,
    requestId: described?.request_id ?? (typeof header === "string" ? header : undefined),
    retryAfter: headers["retry-after"],
    answer: quote(message, secrets),
    timedOut: false,
    repeatable: true,
  };
}

function quote(message: string | undefined, secrets: readonly string[]): string {
  const clean = redact(message ?? "", secrets)
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, MAX_QUOTED_LENGTH);
  return clean === "" ? "Nylas gave no reason" : `Nylas answered "${clean}"`;
}

function toNylasError(
  request: NylasRequest<unknown>,
  settings: Settings,
  failure: Failure,
  attempts: number,
): NylasError {
  const tried = attempts === 1 ? "" : ` after ${attempts} attempts`;
  const base = {
    operation: request.operation,
    answer: `${failure.answer}${tried}`,
    status: failure.status,
    type: failure.type,
    requestId: failure.requestId,
    attempts,
  };
  if (failure.timedOut) return timeoutError(base, settings);
  if (failure.status === undefined) return unreachableError(base, settings);
  if (failure.status === 401) return refusedKeyError(base, settings);
  if (failure.status === 429) {
    return new UnavailableError({
      ...base,
      code: "rate_limited",
      remedy: `run again in a minute, or lower ${settings.application}:requestsPerSecond (now ${settings.requestsPerSecond})`,
    });
  }
  if (isProviderFailure(failure.type)) return mailServerError(base);
  if (failure.status >= 500) {
    return new UnavailableError({
      ...base,
      code: "nylas_unavailable",
      remedy: "run again later; what was finished is kept",
    });
  }
  return new UnexpectedResponseError({
    ...base,
    code: "unexpected_response",
    remedy: "look the request id up in the Nylas dashboard's logs, or report it to this package with the lines above",
  });
}

type BaseFacts = Omit<NylasErrorFacts, "code" | "remedy">;

/** The mail server failed, as Nylas reports it. */
export function mailServerError(base: BaseFacts): MailServerError {
  return new MailServerError({
    ...base,
    code: "provider_not_responding",
    remedy:
      "check imapHost and imapPort, that the server offers TLS or STARTTLS with a valid certificate, and that Nylas may reach it; then run again",
  });
}

function timeoutError(base: BaseFacts, settings: Settings): UnavailableError {
  return new UnavailableError({
    ...base,
    code: "timeout",
    answer: `${base.answer} (${settings.timeoutSeconds} s)`,
    remedy: `run again; raise ${settings.application}:timeoutSeconds if the mail server is known to be slow`,
  });
}

function unreachableError(base: BaseFacts, settings: Settings): UnavailableError {
  return new UnavailableError({
    ...base,
    code: "nylas_unavailable",
    answer: `${base.answer} at ${settings.apiUri}`,
    remedy: `check the network, a proxy, and ${settings.application}:apiUri; then run again`,
  });
}

function refusedKeyError(base: BaseFacts, settings: Settings): AccessError {
  const variable = environmentVariable(settings.application, "apiKey");
  return new AccessError({
    ...base,
    code: "api_key_refused",
    remedy:
      `the key is wrong, expired, or of another region than ${settings.region} (Nylas answers 401 in both cases): ` +
      `check ${settings.application}:region, set a valid key with \`pulumi config set --secret ${settings.application}:apiKey\` ` +
      `or in ${variable}. Plain \`refresh\` and \`destroy\` use the key saved at the last \`up\`; ${variable} replaces a refused one`,
  });
}

function parse<T>(request: NylasRequest<T>, body: string, status: number, secrets: readonly string[]): T {
  const parsed = v.safeParse(request.schema, parseJson(body));
  if (parsed.success) return parsed.output;
  const where = parsed.issues.map((issue) => v.getDotPath(issue) ?? "the body").join(", ");
  throw new UnexpectedResponseError({
    code: "unexpected_response",
    operation: request.operation,
    answer: redact(`the answer is not what Nylas's contract promises (${where})`, secrets),
    status,
    remedy: "check that apiUri points at Nylas or its emulator; otherwise report it to this package",
  });
}

function parseJson(body: unknown): unknown {
  if (typeof body !== "string") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
