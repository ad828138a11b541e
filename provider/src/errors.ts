import { cleaned, cleanedSentence } from "./redact.js";
import { TROUBLESHOOTING } from "./troubleshooting.js";

/** Longest operation, answer or remedy of an error, in characters. They may quote addresses and lists from a server. */
const MAX_FACT_LENGTH = 2_000;

/** What went wrong, as a stable word that programs may branch on. */
export type NylasErrorCode =
  | "invalid_credentials"
  | "auth_limit_reached"
  | "provider_not_responding"
  | "mail_server_refused"
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

/** What a {@link NylasError} says. */
export interface NylasErrorFacts<Code extends NylasErrorCode = NylasErrorCode> {
  /** What went wrong, as a stable word that programs may branch on. */
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
  /** How often the request was sent. */
  attempts?: number | undefined;
  /** Whether the request may have changed something at Nylas. False for a read, and if each attempt was refused or never arrived. */
  mayHaveTakenEffect?: boolean | undefined;
}

/** Base class of every error of this package. It holds no request, body or header, because those contain secrets. */
export class NylasError extends Error {
  // It must never get a property `id`: Pulumi treats a thrown object with an `id` as a partially created resource.

  /**
   * If a program ends with it, Pulumi prints its message, and neither stack nor fields. Pulumi's own `RunError` has it too.
   *
   * @internal
   */
  get __pulumiRunError(): true {
    return true;
  }

  /** What went wrong, as a stable word that programs may branch on. Each subclass has codes of its own. */
  readonly code: NylasErrorCode;
  /** What was attempted, and on which mailbox or connector. */
  readonly operation: string;
  /** What happened, in words. */
  readonly answer: string;
  /** What to do next. */
  readonly remedy: string;
  /** HTTP status of the answer, if there was one. */
  readonly status: number | undefined;
  /** Nylas's request id, which Nylas's support asks for. */
  readonly requestId: string | undefined;
  /** Nylas's own `error.type`, such as `grant.invalid_authentication`. */
  readonly type: string | undefined;
  /** How often the request was sent. */
  readonly attempts: number | undefined;
  /** Whether the request may have changed something at Nylas. False for a read, and if each attempt was refused or never arrived. */
  readonly mayHaveTakenEffect: boolean | undefined;

  constructor(given: NylasErrorFacts) {
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
    this.mayHaveTakenEffect = facts.mayHaveTakenEffect;
  }
}

/** The mail server refuses the credentials, or Nylas has stopped trying them: give other ones. */
export class CredentialsError extends NylasError {
  declare readonly code: "invalid_credentials" | "auth_limit_reached";

  constructor(facts: NylasErrorFacts<CredentialsError["code"]>) {
    super(facts);
  }
}

/** The mail server does not answer, or refuses for another reason than the password: correct the settings, or repair it. */
export class MailServerError extends NylasError {
  declare readonly code: "provider_not_responding" | "mail_server_refused";

  constructor(facts: NylasErrorFacts<MailServerError["code"]>) {
    super(facts);
  }
}

/** There is such a grant or connector already: adopt it, refer to it, or delete it. */
export class AlreadyExistsError extends NylasError {
  declare readonly code: "grant_exists" | "connector_exists";

  constructor(facts: NylasErrorFacts<AlreadyExistsError["code"]>) {
    super(facts);
  }
}

/** The connector is missing, or grants still use it: create it first, or delete its grants first. */
export class ConnectorError extends NylasError {
  declare readonly code: "connector_missing" | "connector_in_use";

  constructor(facts: NylasErrorFacts<ConnectorError["code"]>) {
    super(facts);
  }
}

/**
 * The API key is refused, is of another application, or lacks a permission: use another key, region or application, or grant
 * the key the permission.
 */
export class AccessError extends NylasError {
  declare readonly code: "wrong_application" | "api_key_refused" | "permission_denied";

  constructor(facts: NylasErrorFacts<AccessError["code"]>) {
    super(facts);
  }
}

/** There is no such object: check the id or address, and the application that the API key belongs to. */
export class NotFoundError extends NylasError {
  declare readonly code: "not_found";

  constructor(facts: NylasErrorFacts<NotFoundError["code"]>) {
    super(facts);
  }
}

/** Nylas limits the rate, is not available, or does not answer in time: run again later. */
export class UnavailableError extends NylasError {
  declare readonly code: "rate_limited" | "nylas_unavailable" | "timeout";

  constructor(facts: NylasErrorFacts<UnavailableError["code"]>) {
    super(facts);
  }
}

/** An answer of Nylas breaks its contract: report it, with the request id. */
export class UnexpectedResponseError extends NylasError {
  declare readonly code: "unexpected_response";

  constructor(facts: NylasErrorFacts<UnexpectedResponseError["code"]>) {
    super(facts);
  }
}

/** An argument or a configuration value is wrong: correct it. */
export class InvalidInputError extends NylasError {
  declare readonly code: "invalid_input";

  constructor(facts: NylasErrorFacts<InvalidInputError["code"]>) {
    super(facts);
  }
}

function cleanedParts({ operation, answer, remedy, type, requestId }: NylasErrorFacts) {
  const sentence = (text: string) => cleanedSentence(text, MAX_FACT_LENGTH);
  return {
    operation: sentence(operation),
    answer: sentence(answer),
    remedy: sentence(remedy),
    type: type === undefined ? undefined : sentence(type),
    requestId: requestId === undefined ? undefined : cleaned(requestId, MAX_FACT_LENGTH),
  };
}

function describe(facts: NylasErrorFacts): string {
  const lines = [`${facts.operation}: ${facts.answer} (${facts.code})`];
  const answer = [facts.status === undefined ? undefined : `HTTP ${facts.status}`, facts.type];
  const known = answer.filter((part) => part !== undefined).join(" ");
  if (known !== "") lines.push(`  answer:     ${known}`);
  if (facts.requestId !== undefined) lines.push(`  request id: ${facts.requestId}`);
  lines.push(`  next:       ${facts.remedy}`, `  more:       ${TROUBLESHOOTING}#${facts.code}`);
  return lines.join("\n");
}
