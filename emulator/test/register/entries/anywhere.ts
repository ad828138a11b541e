import type { Answer } from "../answer.js";
import { A_LIST, A_TEXT, ABSENT, THE_APPLICATION } from "../answer.js";
import { type Expectation, NO_PROVIDER, NOBODY, type Place, type Request } from "../expectation.js";
import { BAD_PAYLOAD, BAD_REQUEST, NO_GRANT, NOT_FOUND, ok, refused, UNAUTHORIZED } from "../refusals.js";
import {
  APPLICATIONS,
  CLI_CHECKS,
  CLI_ERRORS,
  CONNECT_LIBRARY,
  ERRORS,
  ERRORS_400,
  ERRORS_500,
  IAM_PERMISSIONS,
  LIMIT_LAYERS,
  LIMITS,
  NODE_CLIENT,
  NODE_RESOURCES,
  OLDER_ERRORS,
  PYTHON_CHARSET,
  RUBY_BODILESS,
  RUBY_CONTENT_TYPE,
  SENDING_ERRORS,
  TROUBLESHOOTING,
} from "../sources.js";

/** One of each, with nothing that exists. */
const KEYED: readonly [method: string, path: string][] = [
  ["GET", "/v3/applications"],
  ["GET", "/v3/connectors"],
  ["POST", "/v3/connectors"],
  ["GET", `/v3/connectors/${NO_PROVIDER}`],
  ["PATCH", `/v3/connectors/${NO_PROVIDER}`],
  ["PUT", `/v3/connectors/${NO_PROVIDER}`],
  ["DELETE", `/v3/connectors/${NO_PROVIDER}`],
  ["POST", "/v3/connect/custom"],
  ["GET", "/v3/grants"],
  ["GET", `/v3/grants/${NOBODY}`],
  ["PATCH", `/v3/grants/${NOBODY}`],
  ["DELETE", `/v3/grants/${NOBODY}`],
  ["GET", `/v3/grants/${NOBODY}/messages`],
  ["GET", `/v3/grants/${NOBODY}/messages/nothing`],
  ["GET", `/v3/grants/${NOBODY}/folders`],
  ["GET", `/v3/grants/${NOBODY}/folders/INBOX`],
  ["GET", "/v3/connect/tokeninfo"],
  ["POST", "/v3/connect/revoke"],
  ["POST", `/v3/grants/${NOBODY}/messages/send`],
  ["POST", "/v3/providers/detect"],
];

const LOCAL_APPLICATION = "http://localhost:3000";
const NOT_AN_OBJECT = "[1, 2]";
const HALF_AN_OBJECT = '{"provider":';
const TOO_LARGE = 4_194_305;
const TOO_DEEP = `{"provider":"imap","settings":${'{"a":'.repeat(64)}1${"}".repeat(64)}}`;

export const anywhere: readonly Expectation[] = [
  {
    endpoint: "any endpoint with a key",
    situation: "another key",
    given: "anything",
    ...UNAUTHORIZED,
    source: [ERRORS, TROUBLESHOOTING, CLI_ERRORS],
    standing: "type assumed",
    live: "always",
    play: (place) => everyKeyed(place, "nyk_v0_of_nobody"),
  },
  {
    endpoint: "any endpoint with a key",
    situation: "no key",
    given: "anything",
    ...UNAUTHORIZED,
    source: [ERRORS, TROUBLESHOOTING],
    standing: "type assumed",
    live: "always",
    play: (place) => everyKeyed(place, null),
  },
  {
    endpoint: "any endpoint with a key",
    situation: "an IAM key that lacks the permission",
    given: "anything",
    answer: ok(),
    instead: { deniedPermissions: { "applications.read": refused(403, "api.unauthorized_access") } },
    source: [IAM_PERMISSIONS, OLDER_ERRORS],
    standing: "type assumed",
    live: { no: "the suite has one key and cannot change what that may do" },
    play: ({ call }) => call("GET", "/v3/applications"),
  },
  {
    endpoint: "any endpoint",
    situation: "every answer names its request",
    given: "anything",
    answer: ok({ request_id: A_TEXT, "headers.x-request-id": A_TEXT }),
    source: [APPLICATIONS, NODE_CLIENT],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/applications"),
  },
  {
    endpoint: "any endpoint",
    situation: "an unknown path",
    given: "anything",
    ...NOT_FOUND,
    source: [ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/no-such-thing"),
  },
  {
    endpoint: "any endpoint",
    situation: "a path that Nylas has and the emulator does not play",
    given: "anything",
    answer: refused(501, "api.not_implemented"),
    source: [NODE_RESOURCES],
    standing: "different",
    live: { no: "Nylas answers what the endpoint is for; a 404 here would say that an object was deleted" },
    play: async ({ call }) => [
      await call("GET", `/v3/grants/${NOBODY}/calendars`),
      await call("GET", "/v3/webhooks"),
      await call("PATCH", "/v3/applications"),
      await call("POST", `/v3/grants/${NOBODY}/folders`),
      await call("GET", `/v3/grants/${NOBODY}/settings`),
      await call("GET", "/v3/iam/principals"),
      await call("GET", "/v3/workspaces"),
    ],
  },
  {
    endpoint: "any endpoint",
    situation: "a `DELETE` without a content type",
    given: "anything",
    ...NO_GRANT,
    source: [RUBY_BODILESS, RUBY_CONTENT_TYPE],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("DELETE", `/v3/grants/${NOBODY}`),
  },
  {
    endpoint: "any endpoint",
    situation: "a method that the path does not have",
    given: "anything",
    ...NOT_FOUND,
    source: [ERRORS],
    standing: "assumed",
    live: { no: "a method that nobody documents may do anything" },
    play: ({ call }) => call("DELETE", "/v3/applications"),
  },
  {
    endpoint: "any endpoint with a body",
    situation: "truncated JSON",
    given: "anything",
    answer: BAD_PAYLOAD,
    source: [ERRORS, ERRORS_400],
    standing: "confirmed",
    live: "always",
    play: (place) => everyPost(place, { text: HALF_AN_OBJECT }),
  },
  ...["application/json; charset=utf-8", "text/plain"].map(
    (type): Expectation => ({
      endpoint: "any endpoint with a body",
      situation: `JSON with the content type \`${type}\``,
      given: "anything",
      answer: BAD_REQUEST,
      instead: { contentType: { lenient: refused(400, "grant.provider_required") } },
      source: [PYTHON_CHARSET, RUBY_CONTENT_TYPE],
      standing: "type assumed",
      live: "always",
      play: ({ call }) => call("POST", "/v3/connect/custom", { text: "{}", headers: { "content-type": type } }),
    }),
  ),
  {
    endpoint: "any endpoint with a body",
    situation: "JSON that is not an object",
    given: "anything",
    answer: BAD_PAYLOAD,
    source: [ERRORS],
    standing: "assumed",
    live: "always",
    play: (place) => everyPost(place, { text: NOT_AN_OBJECT }),
  },
  {
    endpoint: "any endpoint with a body",
    situation: "more than 4 MB",
    given: "anything",
    answer: refused(413, "api.invalid_request_error"),
    source: [ERRORS_400],
    standing: "assumed",
    live: { no: "it would prove a limit by force" },
    play: ({ call }) => call("POST", "/v3/connectors", { text: " ".repeat(TOO_LARGE) }),
  },
  {
    endpoint: "any endpoint with a body",
    situation: "objects in objects, more than 64 deep",
    given: "anything",
    answer: BAD_PAYLOAD,
    source: [ERRORS_400],
    standing: "assumed",
    live: { no: "it would prove a limit by force" },
    play: (place) => everyPost(place, { text: TOO_DEEP }),
  },
  {
    endpoint: "any endpoint",
    situation: "more requests within a second than are allowed",
    given: "anything",
    answer: ok(),
    instead: {
      rateLimitPerSecond: { "1": refused(429, "api.rate_limit_error", { "headers.retry-after": A_TEXT }) },
    },
    source: [LIMITS, LIMIT_LAYERS],
    standing: "assumed",
    live: { no: "no limit is ever provoked at Nylas" },
    play: async ({ call }) => {
      await call("GET", "/v3/applications");
      return call("GET", "/v3/applications");
    },
  },
  {
    endpoint: "any endpoint",
    situation: "a 429",
    given: "anything",
    answer: refused(429, "api.rate_limit_error", { "headers.retry-after": A_TEXT }),
    instead: {
      rateLimitRetryAfter: { none: refused(429, "api.rate_limit_error", { "headers.retry-after": ABSENT }) },
      rateLimitType: { nylas_rate_limit_exceeded: refused(429, "nylas_rate_limit_exceeded") },
    },
    source: [ERRORS, LIMIT_LAYERS],
    standing: "assumed",
    live: { no: "no limit is ever provoked at Nylas" },
    play: (place) => underFault(place, 429),
  },
  ...(
    [
      [402, "api.provider_error", "type assumed"],
      [403, "grant.access_denied", "confirmed"],
      [405, "api.invalid_request_error", "assumed"],
      [409, "api.concurrent_idempotent_request", "assumed"],
      [413, "api.invalid_request_error", "assumed"],
      [422, "api.provider_error", "type assumed"],
      [423, "api.resource_blocked", "confirmed"],
      [500, "api.internal_error", "confirmed"],
      [502, "api.internal_error", "type assumed"],
      [503, "api.internal_error", "type assumed"],
      [504, "api.provider_error", "confirmed"],
    ] as const
  ).map(
    ([status, type, standing]): Expectation => ({
      endpoint: "any endpoint",
      situation: `a ${status} that a test asks for`,
      given: "anything",
      answer: refused(status, type),
      source: [
        ERRORS,
        ...(status === 402 || status === 422 ? [SENDING_ERRORS] : []),
        ...(status > 500 ? [ERRORS_500] : []),
      ],
      standing,
      live: { no: "only a fault rule brings it about" },
      play: (place) => underFault(place, status),
    }),
  ),
  {
    endpoint: "any endpoint",
    situation: "from a web application on the same machine, in a browser",
    given: "anything",
    answer: ok({ "headers.access-control-allow-origin": LOCAL_APPLICATION }),
    source: [CONNECT_LIBRARY],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/applications", { headers: { origin: LOCAL_APPLICATION } }),
  },
  {
    endpoint: "GET /v3/",
    situation: "without a key",
    given: "anything",
    answer: ok(),
    source: [CLI_CHECKS],
    standing: "different",
    live: { no: "Nylas may answer 401; the emulator answers 200, so that a script can wait for it" },
    play: ({ call }) => call("GET", "/v3/", { key: null }),
  },
  {
    endpoint: "GET /v3/applications",
    situation: "the key's own application",
    given: "anything",
    answer: ok({
      "data.application_id": THE_APPLICATION,
      "data.organization_id": A_TEXT,
      "data.region": A_TEXT,
      "data.environment": A_TEXT,
      "data.callback_uris": A_LIST,
    }),
    source: [APPLICATIONS],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/applications"),
  },
];

function everyKeyed({ call }: Place, key: string | null): Promise<Answer[]> {
  return inTurn(KEYED, ([method, path]) => call(method, path, { key }));
}

function everyPost({ call }: Place, request: Request): Promise<Answer[]> {
  return inTurn(["/v3/connectors", "/v3/connect/custom"], (path) => call("POST", path, request));
}

async function underFault({ call, control }: Place, status: number): Promise<Answer> {
  await control("PUT", "faults", [{ path: "/v3/applications", status, nth: 1 }]);
  return call("GET", "/v3/applications");
}

async function inTurn<T>(items: readonly T[], make: (item: T) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) answers.push(await make(item));
  return answers;
}
