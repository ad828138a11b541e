import type { BehaviorName } from "nylas-emulator";
import type { Contract } from "./document.ts";

/** A difference from Nylas's published contract that is meant to be there. */
export interface Deviation {
  name: string;
  side: "request" | "answer";
  /** As the contract writes them: `GET /v3/grants/{grantId}`. */
  endpoints: readonly string[] | "all";
  statuses?: readonly number[];
  /** A JSON schema keyword, or `path`, `method`, `status`, `content-type`, `query`, `body`. */
  keyword: string;
  /** Pointers to the field; absent for the whole. */
  places?: readonly string[];
  /** The declared status whose schema an undeclared one is held to; refusals are otherwise held to the error envelope. */
  like?: string;
  /** The content type of such an answer, without parameters; absent if any. */
  contentType?: string;
  /** The emulator differs only when it was told to, by one of these: to this value, or to any that is not the default. */
  behaviors?: readonly { name: BehaviorName; value?: string }[];
  reason: string;
  source: string;
}

/** A place where the contract contradicts itself, so that nothing could follow it. */
export interface ContractFault {
  name: string;
  mend(contract: Contract): void;
  reason: string;
  source: string;
}

const ERROR_TABLE = "Nylas documentation, api/errors";

/** Every answer that shows grants. */
const GRANT_ANSWERS = [
  "POST /v3/connect/custom",
  "GET /v3/grants",
  "GET /v3/grants/me",
  "GET /v3/grants/{grantId}",
  "PATCH /v3/grants/{grantId}",
];
/** What reads a mailbox. */
const MAILBOX_READS = [
  "GET /v3/grants/{grant_id}/messages",
  "GET /v3/grants/{grant_id}/messages/{message_id}",
  "GET /v3/grants/{grant_id}/folders",
  "GET /v3/grants/{grant_id}/folders/{folder_id}",
];
/** What asks about a token, and ends one. */
const TOKEN_CALLS = ["GET /v3/connect/tokeninfo", "POST /v3/connect/revoke"];
/** Where the tests of fault rules let the emulator fail. */
const FAULTY = [
  "GET /v3/applications",
  "GET /v3/connectors",
  "GET /v3/connectors/{provider}",
  "DELETE /v3/connectors/{provider}",
  "POST /v3/connect/custom",
  "GET /v3/grants",
  "GET /v3/grants/{grantId}",
  "DELETE /v3/grants/{grantId}",
  "GET /v3/grants/{grant_id}/messages",
  "POST /v3/connectors",
  "PATCH /v3/connectors/{provider}",
];
const CONNECTOR_ANSWERS = [
  "POST /v3/connectors",
  "GET /v3/connectors",
  "GET /v3/connectors/{provider}",
  "PATCH /v3/connectors/{provider}",
];

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: "another status than 400 of what is about tokens",
    side: "answer",
    endpoints: ["POST /v3/connect/token", ...TOKEN_CALLS],
    statuses: [401, 403, 413, 429, 500, 502, 503, 504],
    keyword: "status",
    like: "400",
    reason:
      "Nylas's clients read every refusal of these endpoints in OAuth's form, and the contract declares 400 alone",
    source: "nylas-nodejs 8.4.0, src/apiClient.ts; nylas-python 6.18.0, nylas/handler/http_client.py",
  },
  {
    name: "a request that a browser sends before another",
    side: "answer",
    endpoints: "all",
    statuses: [204],
    keyword: "method",
    reason: "Nylas's own library for browsers calls the API from other origins, for which browsers ask first (CORS)",
    source: "nylas-connect 1.2.5 (@nylas/connect); WHATWG Fetch, CORS-preflight request",
  },
  {
    name: "429 and 5xx anywhere",
    side: "answer",
    endpoints: "all",
    statuses: [429, 500, 502, 503, 504],
    keyword: "status",
    reason: "the contract declares them for messages alone, but limits and failures come before any endpoint",
    source: `${ERROR_TABLE}; platform/rate-limits; api/errors/500-response`,
  },
  {
    name: "403 for a key that lacks the permission",
    side: "answer",
    endpoints: "all",
    statuses: [403],
    keyword: "status",
    behaviors: [{ name: "deniedPermissions" }],
    reason: "Nylas's access controls are younger than the contract, which declares their answer nowhere",
    source: "Nylas documentation, auth/nylas-iam/permissions",
  },
  {
    name: "413 for a body without end",
    side: "answer",
    endpoints: ["POST /v3/connectors"],
    statuses: [413],
    keyword: "status",
    reason: "a server on a developer's machine reads no more than some megabytes; the contract names no limit",
    source: "the emulator's own limit; RFC 9110, 15.5.14",
  },
  {
    name: "a status that a test asks for",
    side: "answer",
    endpoints: FAULTY,
    statuses: [204, 400, 402, 403, 404, 405, 409, 410, 413, 418, 422, 423, 599],
    keyword: "status",
    reason: "fault rules answer whatever a test asks for, and clients must bear it",
    source: `the emulator's own control interface; ${ERROR_TABLE}`,
  },
  {
    name: "a page with 200 for a creation",
    side: "answer",
    endpoints: ["POST /v3/connect/custom", "POST /v3/connectors"],
    statuses: [200],
    contentType: "text/html",
    keyword: "status",
    reason: "a fault rule answers as gateways do, and clients must bear it",
    source: "the emulator's own control interface",
  },
  ...["content-type", "body", "type"].map(
    (keyword): Deviation => ({
      name: `a body that a test asks for: ${keyword}`,
      side: "answer",
      endpoints: FAULTY,
      statuses: [200, 400, 403, 404, 429, 502, 503],
      keyword,
      reason: "a fault rule answers as gateways do, and clients must bear it",
      source: "the emulator's own control interface",
    }),
  ),
  ...[
    { keyword: "type", place: "/error" },
    { keyword: "unevaluatedProperties", place: "/request_id" },
  ].map(
    ({ keyword, place }): Deviation => ({
      name: `a refusal about a token in the form of other endpoints: ${place}`,
      side: "answer",
      endpoints: ["POST /v3/connect/token", ...TOKEN_CALLS],
      keyword,
      places: [place],
      behaviors: [{ name: "oauthErrors", value: "envelope" }],
      reason: "no source says in which form Nylas's gateway answers there",
      source: "nylas-nodejs 8.4.0, src/apiClient.ts",
    }),
  ),
  {
    name: "an answer that is not Nylas's",
    side: "answer",
    endpoints: ["GET /v3/applications"],
    statuses: [200],
    keyword: "unevaluatedProperties",
    places: ["/error"],
    reason: "a fault rule answers 200 with an error, as a proxy may, and the client must notice",
    source: "the emulator's own control interface",
  },
  {
    name: "an address that a list hides",
    side: "answer",
    endpoints: ["GET /v3/grants"],
    keyword: "type",
    places: ["/data/*/email"],
    behaviors: [{ name: "listedAddress", value: "null" }],
    reason: "the contract does not require the address, so that answers may have null",
    source: "the emulator's own behavior",
  },
  {
    name: "unknown paths",
    side: "answer",
    endpoints: "all",
    statuses: [404],
    keyword: "path",
    reason: "something has to be said to a path that does not exist",
    source: `${ERROR_TABLE}: api.not_found_error`,
  },
  {
    name: "paths that are not played",
    side: "answer",
    endpoints: "all",
    statuses: [501, 401],
    keyword: "path",
    reason: "Nylas has them, so a 404 would say that an object was deleted; without a key they answer as all others do",
    source: "Nylas OpenAPI contract; nylas-nodejs 8.4.0, src/resources; nylas/cli",
  },
  {
    name: "methods that are not played",
    side: "answer",
    endpoints: "all",
    statuses: [501],
    keyword: "status",
    reason: "Nylas has them, so a 404 would say that an object was deleted",
    source: "Nylas OpenAPI contract",
  },
  {
    name: "unknown methods",
    side: "answer",
    endpoints: "all",
    statuses: [404],
    keyword: "method",
    reason: "something has to be said to a method that a path does not have",
    source: `${ERROR_TABLE}: api.not_found_error`,
  },
  {
    name: "PUT of a connector, refused",
    side: "answer",
    endpoints: ["PUT /v3/connectors/{provider}"],
    statuses: [401, 403, 405],
    keyword: "method",
    reason:
      "the Node SDK updates connectors with PUT, where Nylas knows PATCH; what it answers is open, but for a key that is wrong or lacks the permission",
    source: "nylas-nodejs 8.4.0, src/resources/connectors.ts; nylas-python pull request 428: only PATCH is allowed",
  },
  {
    name: "PUT of a connector, taken",
    side: "answer",
    endpoints: ["PUT /v3/connectors/{provider}"],
    statuses: [200],
    keyword: "method",
    behaviors: [{ name: "connectorPut", value: "200" }],
    reason: "the Node SDK updates connectors with PUT, which suggests that Nylas takes it",
    source: "nylas-nodejs 8.4.0, src/resources/connectors.ts",
  },
  {
    name: "the root",
    side: "answer",
    endpoints: ["GET /v3/"],
    keyword: "path",
    reason: "Nylas's command line tool asks it whether anybody is there",
    source: "nylas/cli, its doctor command",
  },
  {
    name: "the hosted form in place",
    side: "answer",
    endpoints: ["GET /v3/connect/auth"],
    statuses: [200],
    keyword: "status",
    like: "302",
    reason: "Nylas redirects to a form of its login host; the emulator is one host and shows the form at once",
    source: "Nylas OpenAPI contract, GET /v3/connect/auth",
  },
  {
    name: "the hosted form sent",
    side: "answer",
    endpoints: ["POST /v3/connect/auth"],
    statuses: [303, 400],
    keyword: "method",
    reason: "the form needs somewhere to go; Nylas's own address for it is not public",
    source: "Nylas documentation, hosted authentication: only the redirect to the application is described",
  },
  {
    name: "the hosted form again",
    side: "answer",
    endpoints: ["POST /v3/connect/auth"],
    statuses: [400],
    keyword: "content-type",
    reason: "a person reads what was wrong on the page",
    source: "Nylas documentation, hosted authentication for IMAP",
  },
  {
    name: "a wrong link to the hosted form, in a browser",
    side: "answer",
    endpoints: ["GET /v3/connect/auth"],
    statuses: [400],
    keyword: "content-type",
    reason: "a person whom an application sent with a wrong link reads so on a page; programs get the declared JSON",
    source: "the emulator's own page; RFC 6749, 4.1.2.1: the server informs the person, and redirects nobody",
  },
  {
    name: "400 for a query that cannot be read",
    side: "answer",
    endpoints: ["GET /v3/connectors", "GET /v3/grants", "POST /v3/providers/detect"],
    statuses: [400],
    keyword: "status",
    reason: "the contract types these parameters but declares no answer to a wrong one",
    source: `${ERROR_TABLE}: api.invalid_request_error`,
  },
  {
    name: "404 for a mailbox without grant",
    side: "answer",
    endpoints: [
      "GET /v3/grants/{grant_id}/messages",
      "GET /v3/grants/{grant_id}/folders",
      "POST /v3/grants/{grant_id}/messages/send",
    ],
    statuses: [404],
    keyword: "status",
    reason: "the contract declares no answer to a grant or folder that does not exist",
    source: `${ERROR_TABLE}: grant.not_found and api.not_found_error`,
  },
  {
    name: "423 for a blocked grant",
    side: "answer",
    endpoints: [...MAILBOX_READS, "POST /v3/grants/{grant_id}/messages/send"],
    statuses: [423],
    keyword: "status",
    reason: "a grant that is blocked has no access to the API, and the contract declares no answer for it",
    source: `Nylas OpenAPI contract, GrantObject; ${ERROR_TABLE}: api.resource_blocked`,
  },
  {
    name: "403 for a blocked or invalid grant",
    side: "answer",
    endpoints: MAILBOX_READS,
    statuses: [403],
    keyword: "status",
    behaviors: [
      { name: "blockedGrant", value: "403" },
      { name: "invalidGrant", value: "403" },
    ],
    reason: "a grant that is blocked has no access to the API, and the contract declares no answer for it",
    source: `Nylas OpenAPI contract, GrantObject; ${ERROR_TABLE}: grant.access_denied`,
  },
  {
    name: "401 of a send",
    side: "answer",
    endpoints: ["POST /v3/grants/{grant_id}/messages/send"],
    statuses: [401],
    keyword: "status",
    reason: "a refused key or an expired grant answers 401 to every data request; only here it is not declared",
    source: "Nylas documentation, handle-grant-expiry; api/errors: api.authentication_error",
  },
  {
    name: "422 of a send",
    side: "answer",
    endpoints: ["POST /v3/grants/{grant_id}/messages/send"],
    statuses: [422],
    keyword: "status",
    behaviors: [{ name: "missingSmtp", value: "422" }],
    reason: "the contract declares 400 for what is wrong with a send, and the documentation has 422 as well",
    source: "Nylas documentation, email/sending-errors",
  },
  {
    name: "402 of a send",
    side: "answer",
    endpoints: ["POST /v3/grants/{grant_id}/messages/send"],
    statuses: [402],
    keyword: "status",
    reason: "the contract declares no status for refused recipients, and the documentation has 402",
    source: "Nylas documentation, email/sending-errors",
  },
  {
    name: "200 for a re-authentication",
    side: "answer",
    endpoints: ["POST /v3/connect/custom"],
    statuses: [200],
    keyword: "status",
    like: "201",
    behaviors: [{ name: "reauthStatus", value: "200" }],
    reason: "the contract knows 201 alone, older documentation shows 200",
    source: "Nylas documentation, bring your own authentication (older copy); nylas/cli accepts both",
  },
  {
    name: "409 for a second connector",
    side: "answer",
    endpoints: ["POST /v3/connectors"],
    statuses: [409],
    keyword: "status",
    behaviors: [{ name: "duplicateConnector", value: "409" }],
    reason: "the answer is documented nowhere",
    source: "Nylas documentation, connectors-integrations: one connector per provider",
  },
  {
    name: "404 without a connector",
    side: "answer",
    endpoints: ["POST /v3/connect/custom"],
    statuses: [404],
    keyword: "status",
    behaviors: [{ name: "missingConnector", value: "404" }],
    reason: "the answer is documented nowhere",
    source: "Nylas documentation, connectors-integrations: a connector comes before its grants",
  },
  {
    name: "scope null",
    side: "answer",
    endpoints: GRANT_ANSWERS,
    keyword: "type",
    places: ["/data/scope", "/data/*/scope"],
    behaviors: [{ name: "scope", value: "null" }],
    reason: "IMAP has no scopes, and what is shown instead is open",
    source: "nylas-java changelog: scope made optional for IMAP grants",
  },
  {
    name: "scope absent",
    side: "answer",
    endpoints: GRANT_ANSWERS,
    keyword: "required",
    places: ["/data/scope", "/data/*/scope"],
    behaviors: [{ name: "scope", value: "absent" }],
    reason: "IMAP has no scopes, and what is shown instead is open",
    source: "nylas-java changelog: scope made optional for IMAP grants",
  },
  {
    name: "a connector without name",
    side: "answer",
    endpoints: CONNECTOR_ANSWERS,
    keyword: "required",
    places: ["/data/name", "/data/*/name"],
    behaviors: [
      { name: "connectorName", value: "absent" },
      { name: "unnamedConnector", value: "absent" },
    ],
    reason: "the contract requires the name, the Node SDK's model of the answer has none",
    source: "nylas-nodejs 8.4.0, src/models/connectors.ts",
  },
  {
    name: "error_code as a number",
    side: "answer",
    endpoints: ["POST /v3/connect/token", ...TOKEN_CALLS],
    keyword: "type",
    places: ["/error_code"],
    reason: "the contract's type is string, but its own example and the SDK's model are numbers",
    source: "Nylas OpenAPI contract, POST /v3/connect/token, example 400; nylas-nodejs 8.4.0, src/models/error.ts",
  },
  {
    name: "the name of a connector, made",
    side: "request",
    endpoints: ["POST /v3/connectors"],
    keyword: "unevaluatedProperties",
    places: ["/name"],
    reason: "the contract's answer requires a name, but no variant of the request has one; it is open elsewhere",
    source: "nylas-nodejs 8.4.0, src/models/connectors.ts: required there; Nylas documentation, auth/imap (older copy)",
  },
  {
    name: "the name of a connector, changed",
    side: "request",
    endpoints: ["PATCH /v3/connectors/{provider}"],
    keyword: "unevaluatedProperties",
    places: ["/name"],
    reason: "the schema has settings, scope and credential only, while the contract's own sample patches the name",
    source: "Nylas OpenAPI contract, samples of PATCH /v3/connectors/{provider}; nylas-nodejs 8.4.0",
  },
  {
    name: "the state of a grant",
    side: "request",
    endpoints: ["POST /v3/connect/custom"],
    keyword: "unevaluatedProperties",
    places: ["/state"],
    reason: "the contract shows it for virtual calendars only, while grants of every provider return it",
    source: "nylas-nodejs 8.4.0, src/models/grants.ts; Nylas documentation, bring your own authentication",
  },
];

export const CONTRACT_FAULTS: readonly ContractFault[] = [
  {
    name: "a page's data is a list",
    mend: (contract) => {
      const page = contract.components.schemas.common_response_with_cursor?.properties;
      if (typeof page !== "object" || page === null) throw new Error("the contract has no page");
      Reflect.deleteProperty(page, "data");
    },
    reason:
      "messages and folders combine an envelope whose data is an object with data that is an array: no value is both",
    source: "Nylas OpenAPI contract, common_response_with_cursor; its own examples show arrays",
  },
  {
    name: "variants of a connector by title alone",
    mend: (contract) => {
      const body = contract.paths["/v3/connectors"]?.post?.requestBody;
      const schema = body !== undefined && "content" in body ? body.content?.["application/json"]?.schema : undefined;
      if (schema === undefined) throw new Error("the contract has no body for POST /v3/connectors");
      schema.anyOf = schema.oneOf;
      delete schema.oneOf;
    },
    reason: '`{"provider":"imap"}` fits eight of the nine variants, of which exactly one may fit',
    source: "Nylas OpenAPI contract, POST /v3/connectors; its IMAP example is that very body",
  },
];
