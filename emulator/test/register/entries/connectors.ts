import { A_LIST, ABSENT, AN_ID } from "../answer.js";
import { type Expectation, NO_PROVIDER } from "../expectation.js";
import { BAD_PAYLOAD, BAD_REQUEST, NOT_FOUND, ok, refused } from "../refusals.js";
import {
  CONNECTORS,
  CREATE_CONNECTOR,
  DELETE_CONNECTOR,
  ERRORS,
  FIND_CONNECTOR,
  IMAP,
  LIST_CONNECTORS,
  NEW_FIELDS,
  NODE_CONNECTOR_CALLS,
  NODE_CONNECTORS,
  NODE_NO_NAME,
  RUBY_PATCH,
  UPDATE_CONNECTOR,
} from "../sources.js";

const CREATE = "POST /v3/connectors";
const LIST = "GET /v3/connectors";
const FIND = "GET /v3/connectors/{provider}";
const UPDATE = "PATCH /v3/connectors/{provider}";
const PUT = "PUT /v3/connectors/{provider}";
const DELETE = "DELETE /v3/connectors/{provider}";

const RENAMED = "another name";
/** At Nylas a provider without connector is somebody's from one moment to the next. */
const MAYBE_THERE = { no: "somebody may make the connector at that moment" };

export const connectors: readonly Expectation[] = [
  {
    endpoint: CREATE,
    situation: "no provider",
    given: "anything",
    answer: BAD_REQUEST,
    source: [CREATE_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connectors", { json: {} }),
  },
  {
    endpoint: CREATE,
    situation: "an unknown provider",
    given: "anything",
    answer: BAD_REQUEST,
    source: [CREATE_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connectors", { json: { provider: NO_PROVIDER } }),
  },
  ...(
    [
      ["provider", 7],
      ["name", 7],
      ["settings", "a text"],
      ["scope", "a text"],
    ] as const
  ).map(
    ([field, value]): Expectation => ({
      endpoint: CREATE,
      situation: `\`${field}\` of a wrong type`,
      given: "no connector",
      answer: BAD_REQUEST,
      source: [CREATE_CONNECTOR, ERRORS],
      standing: "assumed",
      live: { no: "should Nylas overlook the field, it would make the connector" },
      play: ({ call }) => call("POST", "/v3/connectors", { json: { provider: "imap", [field]: value } }),
    }),
  ),
  {
    endpoint: FIND,
    situation: "no such connector",
    given: "no connector",
    ...NOT_FOUND,
    source: [FIND_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/connectors/imap"),
  },
  {
    endpoint: UPDATE,
    situation: "no such connector",
    given: "no connector",
    ...NOT_FOUND,
    source: [UPDATE_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: MAYBE_THERE,
    play: ({ call }) => call("PATCH", "/v3/connectors/imap", { json: { name: RENAMED } }),
  },
  {
    endpoint: DELETE,
    situation: "no such connector",
    given: "no connector",
    ...NOT_FOUND,
    source: [DELETE_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: MAYBE_THERE,
    play: ({ call }) => call("DELETE", "/v3/connectors/imap"),
  },
  {
    endpoint: CREATE,
    situation: "with a name",
    given: "no connector",
    answer: ok({ "data.name": "a name", "data.provider": "imap" }, 201),
    instead: {
      connectorName: {
        provider: ok({ "data.name": "imap", "data.provider": "imap" }, 201),
        absent: ok({ "data.name": ABSENT, "data.provider": "imap" }, 201),
      },
    },
    source: [CREATE_CONNECTOR, NODE_NO_NAME],
    standing: "assumed",
    live: { no: "one connector is made, without a name; a change of its name shows the same" },
    play: ({ call }) => call("POST", "/v3/connectors", { json: { provider: "imap", name: "a name" } }),
  },
  {
    endpoint: CREATE,
    situation: "without a name",
    given: "no connector",
    answer: ok({ "data.name": "imap", "data.provider": "imap" }, 201),
    instead: { unnamedConnector: { absent: ok({ "data.name": ABSENT, "data.provider": "imap" }, 201) } },
    source: [CREATE_CONNECTOR, IMAP],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connectors", { json: { provider: "imap" } }),
  },
  {
    endpoint: CREATE,
    situation: "the provider has a connector already",
    given: "connector",
    answer: BAD_REQUEST,
    instead: { duplicateConnector: { "409": refused(409, "api.invalid_request_error") } },
    source: [CONNECTORS, CREATE_CONNECTOR],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connectors", { json: { provider: "imap" } }),
  },
  {
    endpoint: LIST,
    situation: "as many as there are",
    given: "connector",
    answer: ok({ "data.0.provider": "imap", limit: 10, offset: 0 }),
    source: [LIST_CONNECTORS],
    standing: "assumed",
    live: { no: "the application may have other connectors as well" },
    play: ({ call }) => call("GET", "/v3/connectors"),
  },
  {
    endpoint: LIST,
    situation: "page by page",
    given: "anything",
    answer: ok({ data: A_LIST, limit: 1, offset: 0, next_cursor: ABSENT }),
    source: [LIST_CONNECTORS],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/connectors?limit=1&offset=0"),
  },
  {
    endpoint: LIST,
    situation: "a limit that is not a number",
    given: "anything",
    answer: BAD_REQUEST,
    source: [LIST_CONNECTORS, ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/connectors?limit=many"),
  },
  {
    endpoint: FIND,
    situation: "an IMAP connector",
    given: "connector",
    answer: ok({ "data.provider": "imap", "data.settings": {}, "data.scope": [] }),
    source: [FIND_CONNECTOR],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/connectors/imap"),
  },
  {
    endpoint: FIND,
    situation: "`active_credential_id` of an IMAP connector",
    given: "connector",
    answer: ok({ "data.active_credential_id": ABSENT }),
    instead: { relatedIds: { shown: ok({ "data.active_credential_id": AN_ID }) } },
    source: [FIND_CONNECTOR, NEW_FIELDS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/connectors/imap"),
  },
  {
    endpoint: UPDATE,
    situation: "another name",
    given: "connector",
    answer: ok({ "data.name": RENAMED }),
    instead: {
      connectorName: { provider: ok({ "data.name": "imap" }), absent: ok({ "data.name": ABSENT }) },
    },
    source: [UPDATE_CONNECTOR, NODE_CONNECTORS],
    standing: "assumed",
    live: "always",
    play: async ({ call }) => {
      const answer = await call("PATCH", "/v3/connectors/imap", { json: { name: RENAMED } });
      return [answer, await call("GET", "/v3/connectors/imap")];
    },
  },
  {
    endpoint: UPDATE,
    situation: "truncated JSON",
    given: "connector",
    answer: BAD_PAYLOAD,
    source: [UPDATE_CONNECTOR, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("PATCH", "/v3/connectors/imap", { text: '{"name":' }),
  },
  {
    endpoint: UPDATE,
    situation: "a name of a wrong type",
    given: "connector",
    answer: BAD_REQUEST,
    source: [UPDATE_CONNECTOR, ERRORS],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("PATCH", "/v3/connectors/imap", { json: { name: 7 } }),
  },
  {
    endpoint: PUT,
    situation: "as the Node SDK updates",
    given: "connector",
    answer: refused(405, "api.invalid_request_error"),
    instead: { connectorPut: { "200": ok({ "data.provider": "imap" }) } },
    source: [NODE_CONNECTOR_CALLS, RUBY_PATCH],
    standing: "assumed",
    live: "always",
    play: ({ call }) => call("PUT", "/v3/connectors/imap", { json: { name: RENAMED } }),
  },
];
