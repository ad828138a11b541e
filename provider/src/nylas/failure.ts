import {
  AccessError,
  MailServerError,
  type NylasError,
  type NylasErrorFacts,
  UnavailableError,
  UnexpectedResponseError,
} from "../errors.js";
import { sentences, type Wording } from "../host.js";
import type { Settings } from "../settings.js";
import { PROXY_AUTHENTICATION_REQUIRED } from "./proxy-refusal.js";
import { isProviderFailure, MAX_RETRY_AFTER_MS } from "./retry-delay.js";

const MINUTE_MS = 60_000;
const MINUTES_OF_DAY = 1_440;

/** A failed attempt of a request. Contains cleaned text only, and nothing of the request. */
export interface RequestFailure {
  status: number | undefined;
  /** HTTP status of a proxy that answered instead of Nylas. */
  proxyStatus?: number;
  /** URL of the proxy that the request used, without credentials. */
  proxy?: string | undefined;
  type: string | undefined;
  requestId: string | undefined;
  /** Milliseconds that Nylas asks to wait. */
  retryAfterMs: number | undefined;
  answer: string;
  timedOut: boolean;
  /** Whether there was an answer that could not be read. */
  unreadable: boolean;
  /** Whether this was a POST that may have taken effect although its answer was lost. */
  lostPost: boolean;
  /** Whether the request may have taken effect. */
  mayHaveTakenEffect: boolean;
  /** Whether another attempt is safe and may help. */
  repeatable: boolean;
}

/** Converts a failed request into an error. Each error class stands for one kind of remedy. */
export function toNylasError(
  operation: string,
  settings: Settings,
  wording: Wording,
  failure: RequestFailure,
  attempts: Attempts,
): NylasError {
  const { path } = attempts;
  const tried = attempts.count === 1 ? "" : ` after ${attempts.count} attempts`;
  const base = {
    operation,
    answer: `${failure.answer}${tried}`,
    status: failure.status,
    type: failure.type,
    requestId: failure.requestId,
    attempts: attempts.count,
    mayHaveTakenEffect: attempts.mayHaveTakenEffect,
  };
  if (failure.proxyStatus !== undefined) return proxyError(base, failure);
  if (failure.timedOut) return timeoutError(base, settings, wording, failure);
  if (failure.unreadable || isRedirect(failure.status)) return notNylasError(base, settings, wording);
  if (failure.status === undefined) return unreachableError(base, settings, wording, failure);
  if (failure.status === 401) return refusedKeyError(base, settings, wording);
  // Of a blocked grant.
  if (failure.status === 423) return mailboxRefused(base);
  if (failure.status === 403)
    return isAboutMailbox(failure.type) ? mailboxRefused(base) : permissionError(base, settings, wording);
  if (failure.status === 429) return rateLimited(base, settings, wording, failure, path);
  if (isProviderFailure(failure.type)) return mailServerError(base);
  if (failure.status >= 500) {
    return new UnavailableError({
      ...base,
      code: "nylas_unavailable",
      remedy: `${longWait(failure) ?? "run again later"}; completed changes are kept`,
    });
  }
  return new UnexpectedResponseError({
    ...base,
    code: "unexpected_response",
    remedy: "look up the request id in the logs of the Nylas dashboard, or report this whole error to this package",
  });
}

/** A request so far. */
export interface Attempts {
  count: number;
  path: string;
  /** Whether one of them may have taken effect. */
  mayHaveTakenEffect: boolean;
}

function rateLimited(
  base: BaseFacts,
  settings: Settings,
  wording: Wording,
  failure: RequestFailure,
  path: string,
): UnavailableError {
  const again = longWait(failure) ?? "run again in a minute";
  const setting = wording.setting.name(settings.application, "requestsPerSecond");
  return new UnavailableError({
    ...base,
    code: "rate_limited",
    remedy: isOfOneMailbox(path)
      ? `${again}: the limit is that of the mailbox or of its mail server`
      : `${again}, or lower ${setting} (now ${settings.requestsPerSecond})`,
  });
}

/** When Nylas wants to be asked again, if that is later than this package waits. */
function longWait({ retryAfterMs }: RequestFailure): string | undefined {
  if (retryAfterMs === undefined || retryAfterMs <= MAX_RETRY_AFTER_MS) return undefined;
  const minutes = Math.ceil(retryAfterMs / MINUTE_MS);
  const time = minutes > MINUTES_OF_DAY ? "more than a day" : `${minutes} minutes`;
  return `Nylas asks to wait for ${time}: run again then`;
}

/** Whether a request's limit is that of a mailbox or of its mail server, and not the application's. */
export function isOfOneMailbox(path: string): boolean {
  return /^v3\/grants\/[^/]+\/./.test(path);
}

type BaseFacts = Omit<NylasErrorFacts, "code" | "remedy">;

function isRedirect(status: number | undefined): boolean {
  return status !== undefined && status >= 300 && status <= 399;
}

/** For redirects and unreadable answers. Redirects are not followed, because the target would receive the API key. */
function notNylasError(base: BaseFacts, settings: Settings, wording: Wording): UnexpectedResponseError {
  return new UnexpectedResponseError({
    ...base,
    code: "unexpected_response",
    remedy: `check that ${wording.setting.name(settings.application, "apiUri")} (${settings.apiUri}) points at Nylas or its emulator, and that no gateway or proxy on the way (HTTPS_PROXY, HTTP_PROXY) answers in its place; nothing was concluded from the answer`,
  });
}

/** Nylas reports that the mail server failed. */
function mailServerError(base: BaseFacts): MailServerError {
  return new MailServerError({
    ...base,
    code: "provider_not_responding",
    remedy:
      "where the answer does not name the cause, check imapHost and imapPort, that the server offers TLS or STARTTLS with a valid " +
      'certificate, and that Nylas may reach it; preflight: "enforce" shows what the mail server itself says. Then run again',
  });
}

function proxyError(base: BaseFacts, { proxy, proxyStatus }: RequestFailure): UnavailableError {
  const remedy =
    proxyStatus === PROXY_AUTHENTICATION_REQUIRED
      ? "give the user name and password that the proxy wants in HTTPS_PROXY or HTTP_PROXY (http://user:password@host:port)"
      : "check that the proxy of HTTPS_PROXY or HTTP_PROXY allows connections to Nylas";
  return new UnavailableError({
    ...base,
    code: "nylas_unavailable",
    answer: `${base.answer} (${proxy})`,
    remedy: `${remedy}, or name Nylas's host in NO_PROXY; then run again`,
  });
}

function viaProxy({ proxy }: RequestFailure): string {
  return proxy === undefined ? "" : ` through the proxy ${proxy}`;
}

function timeoutError(
  base: BaseFacts,
  settings: Settings,
  wording: Wording,
  failure: RequestFailure,
): UnavailableError {
  return new UnavailableError({
    ...base,
    code: "timeout",
    answer: `${base.answer} (${settings.timeoutSeconds} s)${viaProxy(failure)}`,
    remedy: `run again; raise ${wording.setting.name(settings.application, "timeoutSeconds")} if the mail server is known to be slow`,
  });
}

function unreachableError(
  base: BaseFacts,
  settings: Settings,
  wording: Wording,
  failure: RequestFailure,
): UnavailableError {
  return new UnavailableError({
    ...base,
    code: "nylas_unavailable",
    answer: `${base.answer} at ${settings.apiUri}${viaProxy(failure)}`,
    remedy: sentences(
      `check the network, a proxy, and ${wording.setting.name(settings.application, "apiUri")}; then run again`,
      wording.staleSettings,
    ),
  });
}

/**
 * Whether a 403 is about a mailbox and not about the API key: Nylas answers it too after a changed password or withdrawn access.
 *
 * @see https://developer.nylas.com/docs/v3/email/sending-errors/
 */
function isAboutMailbox(type: string | undefined): boolean {
  return type === "grant.access_denied" || isProviderFailure(type);
}

function mailboxRefused(base: BaseFacts): MailServerError {
  return new MailServerError({
    ...base,
    code: "mail_server_refused",
    remedy:
      "this is about the mailbox and not about the key: look in the Nylas dashboard whether its grant is blocked, and check that " +
      "its password is right and that it may be read over IMAP; then run again",
  });
}

/** An API key with an IAM role may lack the permission for a call. */
function permissionError(base: BaseFacts, settings: Settings, wording: Wording): AccessError {
  return new AccessError({
    ...base,
    code: "permission_denied",
    remedy:
      `in the Nylas dashboard, bind the key of ${wording.setting.name(settings.application, "apiKey")} to the application, with the permission for this call: ` +
      "a permission counts only if the key's resource binding supports it, so a key bound to the organization, a workspace or a " +
      "grant lacks it. Or use another key",
  });
}

function refusedKeyError(base: BaseFacts, settings: Settings, wording: Wording): AccessError {
  return new AccessError({
    ...base,
    code: "api_key_refused",
    remedy: sentences(
      `the key is wrong, expired, or of another region than ${settings.region} (Nylas answers 401 in all cases): ` +
        `check ${wording.setting.name(settings.application, "region")}, then give a valid key in ` +
        wording.setting.place(settings.application, "apiKey"),
      wording.staleSettings,
    ),
  });
}
