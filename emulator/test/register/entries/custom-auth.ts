import { A_TIME, ABSENT, AN_ID, THE_ADDRESS, THE_GRANT, THE_MARK } from "../answer.js";
import { authenticate, type Expectation, settingsOf } from "../expectation.js";
import { withOtherPassword } from "../passwords.js";
import { BAD_REQUEST, ok, refused, UNREACHABLE } from "../refusals.js";
import {
  BYO,
  BYO_AUTH,
  CONNECTORS,
  ERRORS,
  FIND_GRANT,
  IMAP,
  IMAP_TROUBLESHOOTING,
  MANAGE_GRANTS,
  NODE_GRANTS,
} from "../sources.js";

const CUSTOM = "POST /v3/connect/custom";
const ANOTHER_STATE = "another state";
const WRONG = "not-the-password";
const PROVIDER_REQUIRED = refused(400, "grant.provider_required");
const OUTSIDE_ASCII = "pässword";
const GUESSES = { no: "Nylas may look for the server by itself and log in" };

export const customAuth: readonly Expectation[] = [
  {
    endpoint: CUSTOM,
    situation: "no provider",
    given: "anything",
    answer: PROVIDER_REQUIRED,
    source: [BYO_AUTH, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/custom", { json: { settings: {} } }),
  },
  {
    endpoint: CUSTOM,
    situation: "an unknown provider",
    given: "anything",
    answer: PROVIDER_REQUIRED,
    source: [BYO_AUTH, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/custom", { json: { provider: "nobody", settings: {} } }),
  },
  {
    endpoint: CUSTOM,
    situation: "another provider than IMAP",
    given: "connector",
    answer: BAD_REQUEST,
    source: [BYO_AUTH],
    standing: "different",
    live: { no: "Nylas has other providers, and the emulator has not" },
    play: ({ call }) => call("POST", "/v3/connect/custom", { json: { provider: "google", settings: {} } }),
  },
  {
    endpoint: CUSTOM,
    situation: "no settings",
    given: "connector",
    answer: BAD_REQUEST,
    source: [BYO_AUTH, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/custom", { json: { provider: "imap" } }),
  },
  {
    endpoint: CUSTOM,
    situation: "settings that are not an object",
    given: "connector",
    answer: BAD_REQUEST,
    source: [BYO_AUTH, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/custom", { json: { provider: "imap", settings: "none" } }),
  },
  ...(
    [
      ["`imap_username` missing", { imap_username: undefined }, "always"],
      ["`imap_password` missing", { imap_password: undefined }, "always"],
      ["`imap_host` missing, for a server that Nylas does not know", { imap_host: undefined }, GUESSES],
      ["a port above 65535", { imap_port: 70_000 }, "always"],
      ["a host with a line break", { imap_host: "imap.invalid\r\nimap.invalid" }, "always"],
    ] as const
  ).map(
    ([situation, other, live]): Expectation => ({
      endpoint: CUSTOM,
      situation,
      given: "connector",
      answer: BAD_REQUEST,
      source: [BYO_AUTH, ERRORS],
      standing: "assumed",
      live,
      play: (place) => authenticate(place, other),
    }),
  ),
  {
    endpoint: CUSTOM,
    situation: "a `state` that is not a string",
    given: "connector",
    answer: BAD_REQUEST,
    source: [NODE_GRANTS, ERRORS],
    standing: "assumed",
    live: { no: "should Nylas overlook the field, it would make the grant" },
    play: (place) =>
      place.call("POST", "/v3/connect/custom", { json: { provider: "imap", settings: settingsOf(place), state: 7 } }),
  },
  {
    endpoint: CUSTOM,
    situation: "the provider has no connector",
    given: "no connector",
    answer: BAD_REQUEST,
    instead: { missingConnector: { "404": refused(404, "api.not_found_error") } },
    source: [CONNECTORS, BYO_AUTH],
    standing: "assumed",
    live: "always",
    play: (place) => authenticate(place),
  },
  {
    endpoint: CUSTOM,
    situation: "the mail server does not answer",
    given: "connector",
    ...UNREACHABLE,
    source: [IMAP, ERRORS],
    standing: "assumed",
    live: "always",
    play: (place) => authenticate(place, { imap_host: place.silent.host, imap_port: place.silent.port }),
  },
  {
    endpoint: CUSTOM,
    situation: "a mailbox that has no grant",
    given: "connector",
    answer: ok(
      {
        "data.id": AN_ID,
        "data.provider": "imap",
        "data.grant_status": "valid",
        "data.email": THE_ADDRESS,
        "data.created_at": A_TIME,
      },
      201,
    ),
    source: [BYO_AUTH, IMAP],
    standing: "confirmed",
    live: "always",
    play: (place) => authenticate(place),
  },
  {
    endpoint: CUSTOM,
    situation: "a mailbox that has a grant: it keeps its id",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.grant_status": "valid" }, 201),
    instead: { reauthStatus: { "200": ok({ "data.id": THE_GRANT, "data.grant_status": "valid" }) } },
    source: [BYO_AUTH, BYO],
    standing: "assumed",
    live: "always",
    play: (place) => authenticate(place),
  },
  {
    endpoint: CUSTOM,
    situation: "the letter case of the address changes: it is the same grant",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT }),
    source: [BYO_AUTH],
    standing: "assumed",
    live: { no: "should Nylas see another mailbox, it would make a second grant" },
    play: async (place) => {
      await authenticate(place, { imap_username: place.mailbox.username.toUpperCase() });
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: CUSTOM,
    situation: "the state of a grant that is authenticated again with another one",
    given: "grant",
    answer: ok({ "data.state": ANOTHER_STATE }),
    instead: {
      stateEcho: { omitted: ok({ "data.state": ABSENT }), kept: ok({ "data.state": THE_MARK }) },
    },
    source: [FIND_GRANT, NODE_GRANTS, BYO],
    standing: "assumed",
    live: "always",
    play: async (place) => {
      await authenticate(place, {}, ANOTHER_STATE);
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: CUSTOM,
    situation: "a wrong password",
    given: "grant",
    answer: refused(400, "grant.invalid_authentication"),
    instead: { badCredentials: { "401": refused(401, "grant.invalid_authentication") } },
    source: [ERRORS, IMAP],
    standing: "assumed",
    live: "wrong password",
    play: (place) => authenticate(place, { imap_password: WRONG }),
  },
  {
    endpoint: CUSTOM,
    situation: "the mailbox's password has characters outside ASCII",
    given: "grant",
    answer: refused(400, "grant.invalid_authentication"),
    instead: {
      nonAsciiPassword: { accepted: ok({ "data.grant_status": "valid" }, 201) },
      badCredentials: { "401": refused(401, "grant.invalid_authentication") },
    },
    source: [IMAP_TROUBLESHOOTING, ERRORS],
    standing: "type assumed",
    live: { no: "the mailbox has another password" },
    play: (place) =>
      withOtherPassword(place, () => authenticate(place, { imap_password: OUTSIDE_ASCII }), OUTSIDE_ASCII),
  },
  {
    endpoint: CUSTOM,
    situation: "a wrong password for a mailbox that has a grant: the grant stays valid",
    given: "grant",
    answer: ok({ "data.grant_status": "valid" }),
    source: [MANAGE_GRANTS],
    standing: "assumed",
    live: { no: "each wrong password counts at the mail server, and one is enough" },
    play: async (place) => {
      await authenticate(place, { imap_password: WRONG });
      return place.call("GET", `/v3/grants/${place.grantId}`);
    },
  },
  {
    endpoint: CUSTOM,
    situation: "the third wrong password in a row",
    given: "grant",
    answer: refused(400, "grant.auth_limit_reached"),
    instead: {
      authLimit: { off: refused(400, "grant.invalid_authentication") },
      badCredentials: { "401": refused(401, "grant.auth_limit_reached") },
    },
    source: [IMAP],
    standing: "assumed",
    live: { no: "it would lock the mailbox" },
    play: async (place) => {
      await authenticate(place, { imap_password: WRONG });
      await authenticate(place, { imap_password: WRONG });
      return authenticate(place, { imap_password: WRONG });
    },
  },
];
