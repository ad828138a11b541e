import {
  A_LIST,
  A_TEXT,
  A_TIME,
  ABSENT,
  AN_ERROR,
  type Answer,
  THE_ADDRESS,
  THE_APPLICATION,
  THE_GRANT,
  textOf,
} from "../answer.js";
import { type Expectation, NOBODY, type Place } from "../expectation.js";
import { NO_GRANT, ok, refused, UNAUTHORIZED } from "../refusals.js";
import {
  ACCESS_TOKENS,
  CONNECT_LIBRARY,
  CONTRACT,
  ERRORS,
  ERRORS_500,
  EXCHANGE,
  LIST_FOLDERS,
  LIST_MESSAGES,
  NODE_AUTH,
  NODE_CLIENT,
  OWN_GRANT,
  REVOKE,
  TOKEN_INFO,
} from "../sources.js";
import { codeOf, exchange, NEEDS_A_CODE, TOKEN } from "./hosted-auth.js";

const INFO = "GET /v3/connect/tokeninfo";
const END = "POST /v3/connect/revoke";
const ME = "GET /v3/grants/me";
const OFFLINE = { access_type: "offline" };
const INVALID = refused(400, "invalid_token");
const CLAIMS = ok({
  ...{ "data.iss": A_TEXT, "data.aud": THE_APPLICATION, "data.sub": THE_GRANT, "data.email": THE_ADDRESS },
  ...{ "data.iat": A_TIME, "data.exp": A_TIME },
});
const STRICT = { no: "Nylas takes the grant's id and its address, too" };

export const tokens: readonly Expectation[] = [
  {
    endpoint: TOKEN,
    situation: "a `refresh_token`",
    given: "grant",
    answer: ok({
      ...{ access_token: A_TEXT, token_type: "Bearer", expires_in: 3600, grant_id: THE_GRANT },
      ...{ provider: ABSENT, refresh_token: ABSENT },
    }),
    source: [EXCHANGE, NODE_AUTH],
    standing: "confirmed",
    live: NEEDS_A_CODE,
    play: async (place) => refresh(place, await logIn(place)),
  },
  {
    endpoint: TOKEN,
    situation: "a `refresh_token` without the key",
    given: "grant",
    answer: refused(400, "invalid_request"),
    source: [EXCHANGE],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => refresh(place, await logIn(place), { client_secret: undefined }),
  },
  {
    endpoint: TOKEN,
    situation: "`client_credentials`, for a grant of the application",
    given: "grant",
    answer: ok({ access_token: A_TEXT, token_type: "Bearer", expires_in: 3600, grant_id: THE_GRANT }),
    source: [EXCHANGE],
    standing: "confirmed",
    live: "always",
    play: (place) => issue(place),
  },
  {
    endpoint: TOKEN,
    situation: "`client_credentials`, for a grant that does not exist",
    given: "anything",
    answer: refused(400, "invalid_grant"),
    source: [EXCHANGE],
    standing: "type assumed",
    live: "always",
    play: (place) => issue(place, NOBODY),
  },
  {
    endpoint: ME,
    situation: "an access token",
    given: "grant",
    answer: ok({ "data.id": THE_GRANT, "data.email": THE_ADDRESS }),
    source: [OWN_GRANT, ACCESS_TOKENS],
    standing: "confirmed",
    live: "always",
    play: async (place) => place.call("GET", "/v3/grants/me", { key: await accessToken(place) }),
  },
  {
    endpoint: ME,
    situation: "the API key, which belongs to no grant",
    given: "grant",
    ...UNAUTHORIZED,
    source: [OWN_GRANT, CONTRACT],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/grants/me"),
  },
  {
    endpoint: ME,
    situation: "an unknown access token",
    given: "anything",
    ...UNAUTHORIZED,
    source: [OWN_GRANT, ERRORS],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("GET", "/v3/grants/me", { key: "nothing" }),
  },
  {
    endpoint: ME,
    situation: "an access token that was revoked",
    given: "grant",
    ...UNAUTHORIZED,
    source: [OWN_GRANT, REVOKE],
    standing: "type assumed",
    live: "always",
    play: async (place) => {
      const key = await accessToken(place);
      await revoke(place, key);
      return place.call("GET", "/v3/grants/me", { key });
    },
  },
  {
    endpoint: ME,
    situation: "an access token whose grant was deleted",
    given: "grant",
    ...NO_GRANT,
    source: [OWN_GRANT],
    standing: "type assumed",
    live: "always",
    play: async (place) => {
      const key = await accessToken(place);
      await place.call("DELETE", `/v3/grants/${place.grantId}`);
      return place.call("GET", "/v3/grants/me", { key });
    },
  },
  ...(
    [
      ["messages", LIST_MESSAGES],
      ["folders", LIST_FOLDERS],
    ] as const
  ).flatMap(([path, contract]): Expectation[] => [
    {
      endpoint: `GET /v3/grants/{grant_id}/${path}`,
      situation: "`me`, with an access token",
      given: "grant",
      answer: ok({ data: A_LIST }),
      source: [contract, CONTRACT, ACCESS_TOKENS],
      standing: "confirmed",
      live: "always",
      play: async (place) => place.call("GET", `/v3/grants/me/${path}`, { key: await accessToken(place) }),
    },
    {
      endpoint: `GET /v3/grants/{grant_id}/${path}`,
      situation: "`me`, with the API key",
      given: "grant",
      ...UNAUTHORIZED,
      source: [contract, CONTRACT],
      standing: "type assumed",
      live: "always",
      play: ({ call }) => call("GET", `/v3/grants/me/${path}`),
    },
    {
      endpoint: `GET /v3/grants/{grant_id}/${path}`,
      situation: "the grant's id, with an access token of the grant",
      given: "grant",
      ...UNAUTHORIZED,
      source: [CONTRACT],
      standing: "different",
      live: STRICT,
      play: async (place) =>
        place.call("GET", `/v3/grants/${place.grantId}/${path}`, { key: await accessToken(place) }),
    },
  ]),
  {
    endpoint: "any endpoint with a key",
    situation: "an access token",
    given: "grant",
    ...UNAUTHORIZED,
    source: [CONTRACT],
    standing: "type assumed",
    live: "always",
    play: async (place) => {
      const key = await accessToken(place);
      return [
        await place.call("GET", "/v3/applications", { key }),
        await place.call("GET", "/v3/connectors", { key }),
        await place.call("GET", "/v3/grants", { key }),
      ];
    },
  },
  {
    endpoint: INFO,
    situation: "an access token",
    given: "grant",
    answer: CLAIMS,
    source: [TOKEN_INFO, NODE_AUTH],
    standing: "assumed",
    live: "always",
    play: async (place) => tokenInfo(place, { access_token: await accessToken(place) }),
  },
  {
    endpoint: INFO,
    situation: "an access token, and no `Authorization` header",
    given: "grant",
    answer: CLAIMS,
    instead: { tokenInfoProof: { key: UNAUTHORIZED.answer } },
    source: [CONNECT_LIBRARY],
    standing: "assumed",
    live: "always",
    play: async (place) => tokenInfo(place, { access_token: await accessToken(place) }, null),
  },
  {
    endpoint: INFO,
    situation: "an ID token",
    given: "grant",
    answer: CLAIMS,
    source: [TOKEN_INFO, NODE_AUTH],
    standing: "assumed",
    live: "always",
    play: async (place) => tokenInfo(place, { id_token: textOf(await issue(place), "id_token") }),
  },
  {
    endpoint: INFO,
    situation: "an unknown token",
    given: "anything",
    answer: INVALID,
    source: [TOKEN_INFO],
    standing: "confirmed",
    live: "always",
    play: (place) => tokenInfo(place, { access_token: "nothing" }),
  },
  {
    endpoint: INFO,
    situation: "no token",
    given: "anything",
    answer: refused(400, "invalid_request"),
    source: [TOKEN_INFO, EXCHANGE],
    standing: "type assumed",
    live: "always",
    play: (place) => tokenInfo(place, {}),
  },
  ...[TOKEN, END].map(
    (endpoint): Expectation => ({
      endpoint,
      situation: "a 503 that a test asks for",
      given: "anything",
      answer: refused(503, "api.internal_error", { error: "api.internal_error", request_id: ABSENT }),
      instead: {
        oauthErrors: { envelope: refused(503, "api.internal_error", { error: AN_ERROR, request_id: A_TEXT }) },
      },
      source: [EXCHANGE, NODE_CLIENT, ERRORS_500],
      standing: "assumed",
      live: { no: "only a fault rule brings it about" },
      play: async ({ call, control }) => {
        const path = endpoint.slice("POST ".length);
        await control("PUT", "faults", [{ path, status: 503, nth: 1 }]);
        return call("POST", path, { json: {} });
      },
    }),
  ),
  {
    endpoint: END,
    situation: "an access token",
    given: "grant",
    answer: ok(),
    source: [REVOKE],
    standing: "confirmed",
    live: "always",
    play: async (place) => revoke(place, await accessToken(place)),
  },
  {
    endpoint: END,
    situation: "a token for the second time",
    given: "grant",
    answer: INVALID,
    source: [REVOKE],
    standing: "confirmed",
    live: "always",
    play: async (place) => {
      const token = await accessToken(place);
      await revoke(place, token);
      return revoke(place, token);
    },
  },
  {
    endpoint: END,
    situation: "no token",
    given: "anything",
    answer: refused(400, "invalid_request"),
    source: [REVOKE, EXCHANGE],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/revoke"),
  },
  {
    endpoint: END,
    situation: "an access token, and then its refresh token at `POST /v3/connect/token`",
    given: "grant",
    answer: refused(400, "invalid_grant"),
    source: [REVOKE],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const loggedIn = await logIn(place);
      await revoke(place, textOf(loggedIn, "access_token"));
      return refresh(place, loggedIn);
    },
  },
];

/** The answer with the tokens of a log-in at the form. */
async function logIn(place: Place): Promise<Answer> {
  return exchange(place, await codeOf(place, OFFLINE));
}

function refresh(
  place: Place,
  loggedIn: Answer,
  other: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  const refreshToken = textOf(loggedIn, "refresh_token");
  const fields = { grant_type: "refresh_token", refresh_token: refreshToken, redirect_uri: undefined, code: undefined };
  return exchange(place, "", { ...fields, ...other });
}

/** The answer with an access token of the grant, which takes no person. */
function issue({ call, applicationId, apiKey, grantId }: Place, grant = grantId): Promise<Answer> {
  const application = { client_id: applicationId, client_secret: apiKey };
  const json = { grant_type: "client_credentials", ...application, grant_id: grant };
  return call("POST", "/v3/connect/token", { json, key: null });
}

async function accessToken(place: Place): Promise<string> {
  return textOf(await issue(place), "access_token");
}

function tokenInfo(
  { call, apiKey }: Place,
  query: Readonly<Record<string, string>>,
  key: string | null = apiKey,
): Promise<Answer> {
  return call("GET", `/v3/connect/tokeninfo?${new URLSearchParams(query)}`, { key });
}

function revoke({ call }: Place, token: string): Promise<Answer> {
  return call("POST", `/v3/connect/revoke?${new URLSearchParams({ token })}`);
}
