import type { ContentfulStatusCode } from "hono/utils/http-status";
import { BEHAVIORS } from "../behaviors.js";

/** An error the API can answer. A list of statuses or types has the default first; a behavior selects another one. */
export interface Refusal {
  readonly status: ContentfulStatusCode | readonly ContentfulStatusCode[];
  readonly type: string | readonly string[];
  /** The message; names in angle brackets are placeholders. */
  readonly text: string;
}

const INVALID_REQUEST = "api.invalid_request_error";
const INVALID_PAYLOAD = "api.invalid_request_payload";
const PROVIDER_ERROR = "api.provider_error";
const NOT_FOUND = "api.not_found_error";
const PLAIN_NOT_FOUND = "not_found_error";
const NO_CONNECTOR = "The application has no connector for provider imap.";
const NO_RESPONSE = "The mail server <reason>.";
const INTERNAL_ERROR = { type: "api.internal_error", text: "Internal error, contact administrator." } as const;

/**
 * Every error of the API, except those that fault rules inject. ApiError can only be constructed from an entry, and the
 * register in test/conformance must provoke each entry and no other error.
 */
export const REFUSALS = {
  // All requests.
  unauthorized: { status: 401, type: BEHAVIORS.unauthorizedType.values, text: "Unauthorized" },
  /** Nylas documents the status for such a key, and this type for 403 in general. */
  permissionMissing: {
    status: 403,
    type: "api.unauthorized_access",
    text: "The API key lacks the permission <permission>.",
  },
  rateLimited: { status: 429, type: BEHAVIORS.rateLimitType.values, text: "Rate limit error." },
  internalError: { status: 500, ...INTERNAL_ERROR },
  notPlayed: {
    status: 501,
    type: "api.not_implemented",
    text: "The emulator does not play <method> <path>, which Nylas has.",
  },
  noEndpoint: {
    status: 404,
    type: [NOT_FOUND, PLAIN_NOT_FOUND],
    text: "The emulator has no endpoint <method> <path>.",
  },
  notFound: { status: 404, type: NOT_FOUND, text: "Resource not found." },
  notFoundPlain: { status: 404, type: PLAIN_NOT_FOUND, text: "requested object not found" },
  grantNotFound: { status: 404, type: "grant.not_found", text: "Grant not found." },

  // Bodies and queries.
  payloadTooLarge: { status: 413, type: INVALID_REQUEST, text: "The payload is too large." },
  /** Nylas: "api.invalid_request_payload: Invalid JSON payload format." */
  payloadNotJson: { status: 400, type: INVALID_PAYLOAD, text: "Invalid JSON payload format." },
  /** The words of nylas-python's issue 474. */
  contentTypeRefused: invalid("Only the content types application/json and multipart/form-data are supported."),
  payloadTooDeep: { status: 400, type: INVALID_PAYLOAD, text: "The payload is nested more than <depth> deep." },
  payloadNotAnObject: { status: 400, type: INVALID_PAYLOAD, text: "The payload must be a JSON object." },
  fieldNotAString: invalid("Field <field> must be a string."),
  fieldNotAnObject: invalid("Field <field> must be an object."),
  fieldNotStrings: invalid("Field <field> must be an array of strings."),
  parameterNotATime: invalid("Query parameter <parameter> must be a time in Unix seconds."),
  parameterNotANumber: invalid("Query parameter <parameter> must be a whole number from <min> to <max>."),
  parameterNotABoolean: invalid("Query parameter <parameter> must be true or false."),
  parameterNotPlayed: invalid("The emulator does not play the query parameter <parameter>, which Nylas has."),
  tooManyAddresses: invalid("Query parameter <parameter> takes at most <max> addresses."),
  pageTokenUnknown: invalid("Query parameter page_token is not one of this list's cursors."),

  // Connectors and grants.
  connectorProviderUnknown: invalid("provider must be one of <providers>."),
  connectorExists: {
    status: [400, 409],
    type: INVALID_REQUEST,
    text: "A connector for provider <provider> already exists.",
  },
  connectorPut: { status: 405, type: INVALID_REQUEST, text: "Method not allowed: use PATCH." },
  sortByUnknown: invalid("Query parameter sort_by must be created_at or updated_at."),
  orderByUnknown: invalid("Query parameter order_by must be asc or desc."),
  detectWithoutAddress: invalid("Query parameter email must be an e-mail address."),

  // Authentication.
  providerRequired: { status: 400, type: "grant.provider_required", text: "Provider field is required." },
  providerNotPlayed: invalid("This emulator authenticates provider imap only."),
  settingsMissing: invalid("settings is required."),
  settingMissing: invalid("settings.<setting> is required."),
  settingNotALine: invalid("settings.<setting> must be one line of text of at most <max> characters."),
  settingNotAPort: invalid("settings.<setting> must be a port number."),
  connectorMissing: invalid(NO_CONNECTOR),
  connectorNotFound: { status: 404, type: NOT_FOUND, text: NO_CONNECTOR },
  wrongPassword: {
    status: [400, 401],
    type: "grant.invalid_authentication",
    text: "Authentication failed: the mail server refused the username or password.",
  },
  authLimitReached: {
    status: [400, 401],
    type: "grant.auth_limit_reached",
    text: "Too many wrong passwords for this username.",
  },
  unreachable: { status: 504, type: PROVIDER_ERROR, text: NO_RESPONSE },
  unreachableAtLogin: { status: 400, type: "grant.provider_not_responding", text: NO_RESPONSE },

  // The hosted form and links to it.
  linkOfAnotherApplication: invalid("client_id is not this application's id."),
  linkWithoutCode: invalid("response_type must be code."),
  linkWithoutAddress: {
    status: 400,
    type: "grant.callback_uri_not_allowed",
    text: "redirect_uri must be an absolute http or https address.",
  },
  linkStateTooLong: invalid("state must have at most <max> characters."),
  linkChallengeUnknown: invalid("code_challenge_method must be S256 or plain."),
  linkAccessTypeUnknown: invalid("access_type must be online or offline."),
  linkPromptUnknown: invalid("prompt must be select_provider, detect or both, separated by a comma."),
  formWrongPassword: {
    status: 400,
    type: "invalid_authentication",
    text: "The mail server refused the e-mail address or the password.",
  },

  // POST /v3/connect/token: OAuth errors.
  tokenBodyUnreadable: oauth("invalid_request", "The body must be JSON or a form."),
  tokenGrantTypeUnknown: oauth(
    "unsupported_grant_type",
    "grant_type must be authorization_code, refresh_token or client_credentials.",
  ),
  tokenFieldMissing: oauth("invalid_request", "Missing required parameter: <parameter>"),
  tokenClientUnknown: oauth("invalid_client", "Unknown client_id."),
  tokenWrongKey: oauth(
    "invalid_client",
    "client_secret, or the Authorization header, is not this application's API key.",
  ),
  tokenCodeUnknown: oauth("invalid_grant", "The code is unknown, used, expired or for another redirect_uri."),
  /** Nylas's message, as users have quoted it. */
  tokenWrongVerifier: oauth("invalid_grant", "Code verifier challenge failed"),
  tokenRefreshUnknown: oauth("invalid_grant", "The refresh_token is unknown or revoked."),
  tokenGrantGone: oauth("invalid_grant", "There is no such grant, or no longer."),

  // GET /v3/connect/tokeninfo and POST /v3/connect/revoke: OAuth errors too.
  tokenInvalid: oauth("invalid_token", "Token expired or revoked"),

  // Messages.
  grantInvalid: {
    status: 401,
    type: BEHAVIORS.unauthorizedType.values,
    text: "The grant is invalid: its mailbox must be authenticated again.",
  },
  grantBlocked: { status: 423, type: "api.resource_blocked", text: "Resource blocked, contact administrator." },
  grantAccessDenied: { status: 403, type: "grant.access_denied", text: "Access to Grant denied." },
  multipartNotPlayed: invalid(
    "The emulator does not play multipart/form-data, which Nylas has for attachments above 3 MB.",
  ),
  fieldNotPlayed: invalid("The emulator does not play the field <field>, which Nylas has."),
  fieldNotParticipants: invalid("Field <field> must be an array of {name?, email}."),
  fieldWithoutAddresses: invalid("Field <field> must hold e-mail addresses."),
  anotherSender: invalid("The emulator sends from the grant's own address alone, <address>."),
  noRecipient: invalid("At least one recipient is required."),
  tooManyRecipients: invalid("At most <max> recipients are allowed."),
  fieldNotAttachments: invalid("Field attachments must be an array of {filename, content_type, content}."),
  attachmentWithoutContent: invalid("An attachment needs its content, in Base64."),
  /** Nylas's exact message: client code matches on it. */
  smtpMissing: {
    status: [400, 422],
    type: "invalid_request_error",
    text: "grant is missing imap username or password or smtphost or smtpport, unable to fetch connection details",
  },
  /** Nylas's message, as its page about sending errors quotes it. */
  sendingRejected: { status: 402, type: PROVIDER_ERROR, text: "Sending to at least one recipient failed." },
  smtpRefused: { status: 403, type: PROVIDER_ERROR, text: "The SMTP server refused the username or password." },
  idempotencyKeyTooLong: {
    status: 400,
    type: "api.invalid_idempotency_key",
    text: "Idempotency-Key must be <max> characters or fewer.",
  },
  idempotencyKeyReused: {
    status: 409,
    type: "api.invalid_idempotent_request",
    text: "The Idempotency-Key was reused with a different request payload. Use a different key, or match the original payload.",
  },
  idempotencyKeyInUse: {
    status: 409,
    type: "api.concurrent_idempotent_request",
    text: "A request with the same Idempotency-Key is currently in progress. Wait a moment and retry with the same key.",
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export type RefusalName = keyof typeof REFUSALS;

/**
 * Error bodies by status, for injected faults. Nylas: docs, api/errors. For 402 and 422 the page about sending errors tells
 * of the mail provider, and for 502 and 503 the page about 5xx of Nylas's own server; neither names a type.
 */
export const STATUS_ERRORS: Readonly<Record<number, Pick<Refusal, "type" | "text">>> = {
  400: { type: INVALID_REQUEST, text: "Bad request" },
  401: { type: "api.authentication_error", text: "Unauthorized" },
  402: REFUSALS.sendingRejected,
  403: REFUSALS.grantAccessDenied,
  404: REFUSALS.notFound,
  405: { type: INVALID_REQUEST, text: "Method not allowed" },
  409: REFUSALS.idempotencyKeyInUse,
  413: REFUSALS.payloadTooLarge,
  422: { type: PROVIDER_ERROR, text: "The provider could not send the message." },
  423: REFUSALS.grantBlocked,
  429: REFUSALS.rateLimited,
  500: INTERNAL_ERROR,
  501: { type: "api.not_implemented", text: "Not implemented" },
  502: { type: INTERNAL_ERROR.type, text: "The upstream server is unavailable, please try again..." },
  503: { type: INTERNAL_ERROR.type, text: "Service unavailable" },
  504: { type: PROVIDER_ERROR, text: "Provider request timed out." },
};

function invalid<const Text extends string>(text: Text) {
  return { status: 400, type: INVALID_REQUEST, text } as const;
}

function oauth<const Type extends string, const Text extends string>(type: Type, text: Text) {
  return { status: 400, type, text } as const;
}
