import {
  A_LIST,
  A_TIME,
  ABSENT,
  AN_ID,
  THE_ADDRESS,
  THE_ADDRESS_AND_A_BLANK,
  THE_ADDRESS_WITH_A_NAME,
  THE_GRANT,
  THE_PASSWORD,
} from "../answer.js";
import { authenticate, type Expectation, NOBODY, type Place, settingsOf } from "../expectation.js";
import { withOtherPassword } from "../passwords.js";
import { BAD_PAYLOAD, BAD_REQUEST, NO_GRANT, ok, refused } from "../refusals.js";
import {
  BYO,
  CLI_LISTS,
  DELETE_CONNECTOR,
  DELETE_GRANT,
  DELETING,
  ERRORS,
  EXPIRY,
  FETCH_FAILURES,
  FIND_GRANT,
  IMAP,
  IMAP_FIXES,
  JAVA_SCOPE,
  LIST_GRANTS,
  NEW_FIELDS,
  NODE_GRANTS,
  PATCH_GRANT,
  PYTHON_KEYS,
  TROUBLESHOOTING,
  WORKSPACE_PATCH,
  WORKSPACES,
} from "../sources.js";

const LIST = "GET /v3/grants";
const FIND = "GET /v3/grants/{grantId}";
const UPDATE = "PATCH /v3/grants/{grantId}";
const DELETE = "DELETE /v3/grants/{grantId}";
const OTHERS = { no: "the application may have other grants as well" };

const NO_WORKSPACE = { no: "the suite makes no workspace" };
const BLOCKS_NONE = { no: "only Nylas blocks a grant" };

export const grants: readonly Expectation[] = [
  {
    endpoint: LIST,
    situation: "page by page",
    given: "anything",
    answer: ok({ data: A_LIST, limit: 1, offset: 0, next_cursor: ABSENT }),
    source: [LIST_GRANTS],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/grants?limit=1&offset=0"),
  },
  {
    endpoint: LIST,
    situation: "without a limit",
    given: "anything",
    answer: ok({ data: A_LIST, limit: 10, offset: 0 }),
    source: [LIST_GRANTS],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/grants"),
  },
  ...["limit=0", "limit=201", "offset=-1", "since=yesterday", "sort_by=email", "order_by=size"].map(
    (query): Expectation => ({
      endpoint: LIST,
      situation: `\`${query}\``,
      given: "anything",
      answer: BAD_REQUEST,
      source: [LIST_GRANTS, ERRORS],
      standing: "assumed",
      live: "always",
      play: ({ call }) => call("GET", `/v3/grants?${query}`),
    }),
  ),
  {
    endpoint: LIST,
    situation: "an unknown parameter",
    given: "anything",
    answer: ok({ data: A_LIST }),
    source: [PYTHON_KEYS],
    standing: "confirmed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/grants?status=valid"),
  },
  {
    endpoint: LIST,
    situation: "`workspace_id` of another workspace",
    given: "grant",
    answer: ok({ "data.length": 0 }),
    source: [LIST_GRANTS],
    standing: "confirmed",
    live: OTHERS,
    play: ({ call }) => call("GET", `/v3/grants?workspace_id=${NOBODY}`),
  },
  {
    endpoint: UPDATE,
    situation: "`workspace_id`",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.workspace_id": NOBODY }),
    source: [WORKSPACE_PATCH],
    standing: "confirmed",
    live: NO_WORKSPACE,
    play: ({ call, grantId }) => call("PATCH", `/v3/grants/${grantId}`, { json: { workspace_id: NOBODY } }),
  },
  {
    endpoint: FIND,
    situation: "a grant that was moved to another workspace and is authenticated again",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.workspace_id": NOBODY }),
    instead: {
      reauthWorkspace: { reset: ok({ "data.workspace_id": ABSENT }) },
    },
    source: [WORKSPACE_PATCH, BYO],
    standing: "assumed",
    live: NO_WORKSPACE,
    play: async (place) => {
      await place.call("PATCH", `/v3/grants/${place.grantId}`, { json: { workspace_id: NOBODY } });
      await authenticate(place);
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: LIST,
    situation: "a page of 200, right after the grant was made",
    given: "grant",
    answer: ok({ "data.0.id": THE_GRANT, "data.0.email": THE_ADDRESS, limit: 200 }),
    instead: {
      newGrantLagSeconds: { "3600": ok({ "data.length": 0 }) },
      grantsPerPage: { "1": ok({ "data.length": 1, limit: 200 }) },
      listedAddress: {
        null: ok({ "data.0.email": null }),
        empty: ok({ "data.0.email": "" }),
        named: ok({ "data.0.email": THE_ADDRESS_WITH_A_NAME }),
        padded: ok({ "data.0.email": THE_ADDRESS_AND_A_BLANK }),
      },
    },
    source: [LIST_GRANTS],
    standing: "assumed",
    live: OTHERS,
    play: ({ call }) => call("GET", "/v3/grants?limit=200"),
  },
  {
    endpoint: LIST,
    situation: "by its address, right after the grant was made",
    given: "grant",
    answer: ok({ "data.0.id": THE_GRANT, "data.length": 1 }),
    instead: { listLagSeconds: { "3600": ok({ "data.length": 0 }) } },
    source: [LIST_GRANTS, CLI_LISTS],
    standing: "assumed",
    live: "always",
    play: ({ call, mailbox }) => call("GET", `/v3/grants?email=${encodeURIComponent(mailbox.username)}`),
  },
  {
    endpoint: LIST,
    situation: "by provider, right after the grant was made",
    given: "grant",
    answer: ok({ "data.0.id": THE_GRANT }),
    instead: { listLagSeconds: { "3600": ok({ "data.length": 0 }) } },
    source: [LIST_GRANTS, CLI_LISTS],
    standing: "assumed",
    live: OTHERS,
    play: ({ call }) => call("GET", "/v3/grants?provider=imap"),
  },
  {
    endpoint: LIST,
    situation: "unfiltered, newest first, right after the grant was made",
    given: "grant",
    answer: ok({ "data.0.id": THE_GRANT }),
    source: [LIST_GRANTS, CLI_LISTS],
    standing: "assumed",
    live: OTHERS,
    play: ({ call }) => call("GET", "/v3/grants?sort_by=created_at&order_by=desc"),
  },
  {
    endpoint: LIST,
    situation: "by status",
    given: "grant",
    answer: ok({ "data.length": 0 }),
    source: [LIST_GRANTS],
    standing: "confirmed",
    live: OTHERS,
    play: ({ call }) => call("GET", "/v3/grants?grant_status=invalid"),
  },
  {
    endpoint: FIND,
    situation: "a grant",
    given: "grant",
    answer: ok({
      "data.id": THE_GRANT,
      "data.provider": "imap",
      "data.grant_status": "valid",
      "data.email": THE_ADDRESS,
      "data.created_at": A_TIME,
      "data.updated_at": A_TIME,
    }),
    source: [FIND_GRANT],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}`),
  },
  {
    endpoint: FIND,
    situation: "the `scope` of an IMAP grant",
    given: "grant",
    answer: ok({ "data.scope": [] }),
    instead: { scope: { null: ok({ "data.scope": null }), absent: ok({ "data.scope": ABSENT }) } },
    source: [FIND_GRANT, JAVA_SCOPE],
    standing: "assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}`),
  },
  {
    endpoint: FIND,
    situation: "the `settings` of an IMAP grant",
    given: "grant",
    answer: ok({ "data.settings": ABSENT }),
    instead: {
      settingsEcho: {
        hosts: ok({ "data.settings.imap_username": THE_ADDRESS, "data.settings.imap_password": ABSENT }),
        full: ok({ "data.settings.imap_username": THE_ADDRESS, "data.settings.imap_password": THE_PASSWORD }),
      },
    },
    source: [FIND_GRANT, BYO, NODE_GRANTS],
    standing: "assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}`),
  },
  {
    endpoint: FIND,
    situation: "`workspace_id` and `credential_id` of an IMAP grant",
    given: "grant",
    answer: ok({ "data.workspace_id": ABSENT, "data.credential_id": ABSENT }),
    instead: { relatedIds: { shown: ok({ "data.workspace_id": AN_ID, "data.credential_id": AN_ID }) } },
    source: [FIND_GRANT, WORKSPACES, NEW_FIELDS],
    standing: "assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}`),
  },
  {
    endpoint: FIND,
    situation: "a grant that is not blocked",
    given: "grant",
    answer: ok({ "data.blocked": false }),
    source: [FIND_GRANT],
    standing: "assumed",
    live: "always",
    play: ({ call, grantId }) => call("GET", `/v3/grants/${grantId}`),
  },
  {
    endpoint: FIND,
    situation: "a blocked grant: it can still be read",
    given: "grant",
    answer: ok({ "data.blocked": true, "data.grant_status": "valid" }),
    source: [FIND_GRANT],
    standing: "assumed",
    live: BLOCKS_NONE,
    play: async (place) => {
      await block(place);
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: FIND,
    situation: "a blocked grant that is authenticated again: it stays blocked",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.blocked": true }),
    source: [FIND_GRANT, BYO],
    standing: "assumed",
    live: BLOCKS_NONE,
    play: async (place) => {
      await block(place);
      await authenticate(place);
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: FIND,
    situation: "no such grant",
    given: "anything",
    ...NO_GRANT,
    source: [FIND_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("GET", `/v3/grants/${NOBODY}`),
  },
  {
    endpoint: FIND,
    situation: "Nylas fails to look the grant up: no 401, which would mean the key or the mailbox",
    given: "grant",
    answer: refused(500, "api.internal_error"),
    source: [FETCH_FAILURES, ERRORS],
    standing: "type assumed",
    live: { no: "only a fault rule brings it about" },
    play: async ({ call, control, grantId }) => {
      await control("PUT", "faults", [{ path: `/v3/grants/${grantId}`, status: 500, nth: 1 }]);
      return call("GET", `/v3/grants/${grantId}`);
    },
  },
  {
    endpoint: UPDATE,
    situation: "its own settings, all of them",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.grant_status": "valid" }),
    source: [PATCH_GRANT],
    standing: "assumed",
    live: "always",
    play: (place) => place.call("PATCH", `/v3/grants/${place.grantId}`, { json: { settings: settingsOf(place) } }),
  },
  {
    endpoint: UPDATE,
    situation: "a wrong password: it is not tried",
    given: "grant",
    answer: ok({ "data.grant_status": "valid" }),
    source: [PATCH_GRANT],
    standing: "assumed",
    live: { no: "it may count at the mail server" },
    play: (place) =>
      place.call("PATCH", `/v3/grants/${place.grantId}`, {
        json: { settings: { ...settingsOf(place), imap_password: "not-the-password" } },
      }),
  },
  {
    endpoint: UPDATE,
    situation: "`settings` with a password alone",
    given: "grant",
    answer: BAD_REQUEST,
    instead: { partialSettings: { merged: ok({ "data.id": THE_GRANT, "data.grant_status": "valid" }) } },
    source: [PATCH_GRANT],
    standing: "assumed",
    live: { no: "should Nylas replace all settings by these, the grant would have no mail server" },
    play: ({ call, grantId, mailbox }) =>
      call("PATCH", `/v3/grants/${grantId}`, { json: { settings: { imap_password: mailbox.password } } }),
  },
  {
    endpoint: UPDATE,
    situation: "`scope`",
    given: "grant",
    answer: ok({ "data.scope": ["some.scope"] }),
    source: [PATCH_GRANT],
    standing: "confirmed",
    live: { no: "what a scope does to an IMAP grant is documented nowhere" },
    play: ({ call, grantId }) => call("PATCH", `/v3/grants/${grantId}`, { json: { scope: ["some.scope"] } }),
  },
  {
    endpoint: UPDATE,
    situation: "truncated JSON",
    given: "grant",
    answer: BAD_PAYLOAD,
    source: [PATCH_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("PATCH", `/v3/grants/${grantId}`, { text: '{"settings":' }),
  },
  {
    endpoint: UPDATE,
    situation: "settings that are not an object",
    given: "grant",
    answer: BAD_REQUEST,
    source: [PATCH_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call, grantId }) => call("PATCH", `/v3/grants/${grantId}`, { json: { settings: "none" } }),
  },
  {
    endpoint: UPDATE,
    situation: "no such grant",
    given: "anything",
    ...NO_GRANT,
    source: [PATCH_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("PATCH", `/v3/grants/${NOBODY}`, { json: { scope: [] } }),
  },
  {
    endpoint: DELETE,
    situation: "no such grant",
    given: "anything",
    ...NO_GRANT,
    source: [DELETE_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("DELETE", `/v3/grants/${NOBODY}`),
  },
  {
    endpoint: DELETE,
    situation: "a blocked grant",
    given: "grant",
    answer: ok({ request_id: AN_ID, data: ABSENT }),
    source: [DELETE_GRANT, FIND_GRANT],
    standing: "assumed",
    live: BLOCKS_NONE,
    play: async (place) => {
      await block(place);
      return place.call("DELETE", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: FIND,
    situation: "the mail server's password has changed, and a request for the mailbox's data failed",
    given: "grant",
    answer: ok({ "data.grant_status": "invalid" }),
    source: [EXPIRY],
    standing: "assumed",
    live: { no: "the suite changes no password" },
    play: (place) =>
      withOtherPassword(place, async () => {
        await place.call("GET", `/v3/grants/${place.grantId}/folders`);
        return place.call("GET", `/v3/grants/${place.grantId}`);
      }),
  },
  {
    endpoint: FIND,
    situation: "an invalid grant that is authenticated again",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.grant_status": "valid" }),
    source: [EXPIRY, IMAP],
    standing: "confirmed",
    live: { no: "the suite makes no grant invalid" },
    play: async (place) => {
      await place.control("PATCH", `grants/${place.grantId}`, { grant_status: "invalid" });
      await authenticate(place);
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
];

/** Played last: they take away what the others need. */
export const endings: readonly Expectation[] = [
  {
    endpoint: FIND,
    situation: "a grant that was deleted",
    given: "grant",
    ...NO_GRANT,
    source: [FIND_GRANT, TROUBLESHOOTING],
    standing: "type assumed",
    live: "always",
    play: async ({ call, grantId }) => {
      await call("DELETE", `/v3/grants/${grantId}`);
      return call("GET", `/v3/grants/${grantId}`);
    },
  },
  {
    endpoint: DELETE,
    situation: "a grant",
    given: "grant",
    answer: ok({ request_id: AN_ID, data: ABSENT }),
    source: [DELETE_GRANT],
    standing: "confirmed",
    live: "always",
    play: ({ call, grantId }) => call("DELETE", `/v3/grants/${grantId}`),
  },
  {
    endpoint: DELETE,
    situation: "a grant for the second time",
    given: "grant",
    ...NO_GRANT,
    source: [DELETE_GRANT, ERRORS],
    standing: "type assumed",
    live: { no: "one deletion is enough" },
    play: async ({ call, grantId }) => {
      await call("DELETE", `/v3/grants/${grantId}`);
      return call("DELETE", `/v3/grants/${grantId}`);
    },
  },
  {
    endpoint: "DELETE /v3/connectors/{provider}",
    situation: "a connector",
    given: "connector",
    answer: ok({ request_id: AN_ID, data: ABSENT }),
    source: [DELETE_CONNECTOR],
    standing: "confirmed",
    live: { no: "it is deleted with a grant on it, which shows more" },
    play: ({ call }) => call("DELETE", "/v3/connectors/imap"),
  },
  {
    endpoint: "DELETE /v3/connectors/{provider}",
    situation: "a connector, and then one of its grants is read",
    given: "connector and grant",
    answer: ok({ "data.grant_status": "invalid" }),
    instead: {
      connectorDelete: { purge: { status: 404 } },
      connectorDeleteGraceSeconds: { "0": { status: 404 } },
    },
    source: [DELETE_CONNECTOR, DELETING],
    standing: "assumed",
    live: "always",
    play: async ({ call, grantId }) => {
      await call("DELETE", "/v3/connectors/imap");
      return call("GET", `/v3/grants/${grantId}`);
    },
  },
  {
    endpoint: DELETE,
    situation: "a grant whose connector has been deleted",
    given: "connector and grant",
    answer: ok({ request_id: AN_ID, data: ABSENT }),
    instead: {
      connectorDelete: { purge: { status: 404 } },
      connectorDeleteGraceSeconds: { "0": { status: 404 } },
    },
    source: [IMAP_FIXES, DELETING],
    standing: "assumed",
    live: { no: "one deletion of a connector is enough" },
    play: async ({ call, grantId }) => {
      await call("DELETE", "/v3/connectors/imap");
      return call("DELETE", `/v3/grants/${grantId}`);
    },
  },
];

function block({ control, grantId }: Place): Promise<void> {
  return control("PATCH", `grants/${grantId}`, { blocked: true });
}
