import { setTimeout as pause } from "node:timers/promises";
import { type Got, HTTPError, RequestError, TimeoutError } from "got";
import * as v from "valibot";
import { notify } from "../notify.js";
import { redact } from "../redact.js";
import type { Settings } from "../settings.js";
import { UnexpectedResponseError } from "./errors.js";
import { type Failure, toNylasError } from "./failure.js";
import { retryDelay } from "./retry-delay.js";
import { ErrorEnvelope } from "./wire.js";

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

/** Sends one request, again where that is safe, and gives back the checked answer or a `NylasError` without the request. */
export async function send<T>(
  http: Got,
  apiKey: string,
  settings: Settings,
  request: NylasRequest<T>,
): Promise<Answer<T>> {
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
      if (delay === undefined) throw toNylasError(request.operation, settings, failure, attempts);
      if (delay >= ANNOUNCED_PAUSE_MS) {
        const seconds = Math.ceil(delay / 1000);
        notify(`${request.operation}: ${failure.answer}; waiting ${seconds} s before attempt ${attempts + 1}`);
      }
      await pause(delay);
      waitedMs += delay;
    }
  }
}

function facts(error: RequestError, secrets: readonly string[]): Failure {
  if (!(error instanceof HTTPError)) {
    const timedOut = error instanceof TimeoutError;
    // A body that broke off leaves the status: a refusal stays one, although it cannot say why any more.
    const status = error.response?.statusCode;
    const refused = status !== undefined && status >= 400;
    return {
      status: refused ? status : undefined,
      type: undefined,
      requestId: undefined,
      retryAfter: undefined,
      answer: timedOut ? "no answer in time" : `the connection failed with ${error.code}`,
      timedOut,
      repeatable: !timedOut && (refused || status !== undefined || RETRIED_CODES.includes(error.code)),
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
