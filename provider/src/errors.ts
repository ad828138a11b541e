import { cleaned } from "./redact.js";

/** Longest operation, answer or remedy of an error, in characters. They may quote addresses and lists from a server. */
const MAX_FACT_LENGTH = 2_000;

/** What went wrong, as a stable word that programs may branch on. */
export type NylasErrorCode =
  | "invalid_credentials"
  | "auth_limit_reached"
  | "provider_not_responding"
  | "smtp_missing"
  | "grant_exists"
  | "connector_exists"
  | "connector_missing"
  | "connector_in_use"
  | "wrong_application"
  | "api_key_refused"
  | "rate_limited"
  | "nylas_unavailable"
  | "timeout"
  | "unexpected_response"
  | "invalid_input"
  | "not_found"
  | "permission_denied";

export interface NylasErrorFacts<Code extends NylasErrorCode = NylasErrorCode> {
  code: Code;
  /** What was attempted, and on which mailbox or connector; the first half of a sentence. */
  operation: string;
  /** What happened, in words. Never quotes a request body. */
  answer: string;
  /** What the reader should do next. */
  remedy: string;
  /** HTTP status of the answer, if there was one. */
  status?: number | undefined;
  /** Nylas's request id, which Nylas's support asks for. */
  requestId?: string | undefined;
  /** Nylas's own `error.type`, such as `grant.invalid_authentication`. */
  type?: string | undefined;
  /** How often the request was sent. An earlier attempt may have taken effect although its answer was lost. */
  attempts?: number | undefined;
}

/**
 * Base class of every error of this package. It holds no request, body or header, because those contain secrets.
 * It must never get a property `id`: Pulumi treats a thrown object with an `id` as a partially created resource.
 */
export class NylasError<Code extends NylasErrorCode = NylasErrorCode> extends Error {
  readonly code: Code;
  readonly operation: string;
  readonly answer: string;
  readonly remedy: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly type: string | undefined;
  readonly attempts: number | undefined;

  constructor(given: NylasErrorFacts<Code>) {
    // Clean each part by itself: the message has several lines, and no part may add another.
    const facts = { ...given, ...cleanedParts(given) };
    super(describe(facts));
    this.name = new.target.name;
    this.code = facts.code;
    this.operation = facts.operation;
    this.answer = facts.answer;
    this.remedy = facts.remedy;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.type = facts.type;
    this.attempts = facts.attempts;
  }
}

/** Give other credentials. */
export class CredentialsError extends NylasError<"invalid_credentials" | "auth_limit_reached"> {}
/** Correct the mail server's settings, or repair the mail server. */
export class MailServerError extends NylasError<"provider_not_responding" | "smtp_missing"> {}
/** Adopt, refer to, or delete the existing object. */
export class AlreadyExistsError extends NylasError<"grant_exists" | "connector_exists"> {}
/** Create the connector first, or delete its grants first. */
export class ConnectorError extends NylasError<"connector_missing" | "connector_in_use"> {}
/** Use another API key, region or application, or grant the key the missing permission. */
export class AccessError extends NylasError<"wrong_application" | "api_key_refused" | "permission_denied"> {}
/** Check the id or address, and the application that the key belongs to. */
export class NotFoundError extends NylasError<"not_found"> {}
/** Run again later. */
export class UnavailableError extends NylasError<"rate_limited" | "nylas_unavailable" | "timeout"> {}
/** Report it, with the request id. */
export class UnexpectedResponseError extends NylasError<"unexpected_response"> {}
/** Correct an argument or a configuration value. */
export class InvalidInputError extends NylasError<"invalid_input"> {}

function cleanedParts({ operation, answer, remedy, type, requestId }: NylasErrorFacts) {
  const part = (text: string) => cleaned(text, MAX_FACT_LENGTH);
  return {
    operation: part(operation),
    answer: part(answer),
    remedy: part(remedy),
    type: type === undefined ? undefined : part(type),
    requestId: requestId === undefined ? undefined : part(requestId),
  };
}

function describe(facts: NylasErrorFacts): string {
  const lines = [`${facts.operation}: ${facts.answer} (${facts.code})`];
  const answer = [facts.status === undefined ? undefined : `HTTP ${facts.status}`, facts.type];
  const known = answer.filter((part) => part !== undefined).join(" ");
  if (known !== "") lines.push(`  answer:     ${known}`);
  if (facts.requestId !== undefined) lines.push(`  request id: ${facts.requestId}`);
  lines.push(`  next:       ${facts.remedy}`);
  return lines.join("\n");
}
