import { createHash } from "node:crypto";
import { elementsOf } from "../../support/html.js";
import { A_COUNT, A_TEXT, ABSENT, type Answer, Matcher, THE_ADDRESS, textOf } from "../answer.js";
import { type Expectation, type Place, settingsOf } from "../expectation.js";
import { BAD_REQUEST, ok, refused } from "../refusals.js";
import {
  AUTH_LINK,
  AUTHENTICATION,
  CLI_ERRORS,
  CONNECT_LIBRARY,
  ERRORS,
  ERRORS_400,
  ERRORS_700,
  EXCHANGE,
  IMAP,
  JAVA_PKCE_FIX,
  JAVA_SMTP_REQUIRED,
  NODE_AUTH,
  NODE_ERRORS,
  NODE_SECRET,
  PYTHON_PKCE,
  PYTHON_PKCE_FIX,
  SMTP_SETTINGS,
} from "../sources.js";

const AUTH = "GET /v3/connect/auth";
const FORM = "POST /v3/connect/auth";
const BACK = "http://localhost:3000/callback";
const STATE = "a state";
const TOO_LONG = "s".repeat(257);
export const TOKEN = "POST /v3/connect/token";
const OWN_FORM = { no: "Nylas's form is on its login host, for browsers" };
export const NEEDS_A_CODE = { no: "a code comes from a person at Nylas's form" };
const VERIFIER = "a verifier of one's own";
const DIGEST = createHash("sha256").update(VERIFIER).digest();

const A_FORM = new Matcher("a form", (value) => has(value, "form"));
const A_PAGE = new Matcher("a page without a form", (value) => has(value, "h1") && !has(value, "form"));
const toBack = (says: string, parameters: Record<string, string | RegExp>) =>
  new Matcher(`to the application with ${says}`, (value) => {
    if (typeof value !== "string" || !value.startsWith(BACK)) return false;
    const { searchParams } = new URL(value);
    return Object.entries(parameters).every(([name, wanted]) => {
      const given = searchParams.get(name) ?? "";
      return typeof wanted === "string" ? given === wanted : wanted.test(given);
    });
  });

const WITH_CODE = ok({ "headers.location": toBack("`code` and `state`", { code: /^.{20,}$/, state: STATE }) }, 303);
/** With a description, as OAuth has it. */
const withError = (type: string) => {
  const says = `\`error_type=${type}\` and \`error_description\``;
  return ok({ "headers.location": toBack(says, { error_type: type, error_description: /./ }) }, 303);
};

export const hostedAuth: readonly Expectation[] = [
  {
    endpoint: AUTH,
    situation: "a link as an application makes it",
    given: "connector",
    answer: ok({ body: A_FORM }),
    source: [AUTHENTICATION, NODE_AUTH],
    standing: "different",
    live: { no: "Nylas answers 302, to a form on its login host" },
    play: (place) => open(place),
  },
  {
    endpoint: AUTH,
    situation: "a `redirect_uri` that is not registered",
    given: "connector",
    answer: ok({ body: A_FORM }),
    source: [ERRORS_700],
    standing: "different",
    live: { no: "Nylas shows error 701; the emulator has no register of addresses" },
    play: (place) => open(place, { redirect_uri: "https://nobody.invalid/callback" }),
  },
  ...(
    [
      ["another application's `client_id`", { client_id: "6e0f4a3e-0000-4000-8000-000000000000" }],
      ["a `response_type` that is not `code`", { response_type: "token" }],
      ["a `state` of more than 256 characters", { state: TOO_LONG }],
      ["an unknown `code_challenge_method`", { code_challenge: "c", code_challenge_method: "md5" }],
      ["an unknown `access_type`", { access_type: "sometimes" }],
      ["an unknown `prompt`", { prompt: "detect,consent" }],
    ] as const
  ).map(
    ([situation, other]): Expectation => ({
      endpoint: AUTH,
      situation,
      given: "connector",
      answer: BAD_REQUEST,
      source: [AUTHENTICATION, ERRORS],
      standing: "type assumed",
      live: OWN_FORM,
      play: (place) => open(place, other),
    }),
  ),
  {
    endpoint: AUTH,
    situation: "a link that is wrong, opened in a browser",
    given: "connector",
    answer: ok({ body: A_PAGE }, 400),
    source: [AUTHENTICATION, ERRORS_700],
    standing: "assumed",
    live: OWN_FORM,
    play: (place) => open(place, { response_type: "token" }, { accept: "text/html" }),
  },
  {
    endpoint: AUTH,
    situation: "another provider than IMAP",
    given: "connector",
    answer: BAD_REQUEST,
    source: [AUTHENTICATION],
    standing: "different",
    live: { no: "Nylas has other providers, and the emulator has not" },
    play: (place) => open(place, { provider: "google" }),
  },
  {
    endpoint: AUTH,
    situation: "a `redirect_uri` that is not a URL",
    given: "connector",
    answer: refused(400, "grant.callback_uri_not_allowed"),
    source: [ERRORS, ERRORS_400],
    standing: "type assumed",
    live: OWN_FORM,
    play: (place) => open(place, { redirect_uri: "callback" }),
  },
  {
    endpoint: AUTH,
    situation: "the provider has no connector",
    given: "no connector",
    answer: BAD_REQUEST,
    source: [AUTHENTICATION],
    standing: "assumed",
    live: OWN_FORM,
    play: (place) => open(place),
  },
  {
    endpoint: FORM,
    situation: "the right password",
    given: "connector",
    answer: WITH_CODE,
    source: [IMAP, NODE_AUTH],
    standing: "different",
    live: OWN_FORM,
    play: (place) => fillIn(place),
  },
  {
    endpoint: FORM,
    situation: "a wrong password: the page says so",
    given: "grant",
    answer: refused(400, "invalid_authentication", { body: A_FORM }),
    source: [IMAP],
    standing: "different",
    live: OWN_FORM,
    play: (place) => fillIn(place, { imap_password: "not-the-password" }),
  },
  {
    endpoint: FORM,
    situation: "the third wrong password",
    given: "grant",
    answer: withError("auth_limit_reached"),
    instead: { authLimit: { off: refused(400, "invalid_authentication", { body: A_FORM }) } },
    source: [IMAP],
    standing: "different",
    live: OWN_FORM,
    play: async (place) => {
      const wrong = { imap_password: "not-the-password" };
      await fillIn(place, wrong);
      await fillIn(place, wrong);
      return fillIn(place, wrong);
    },
  },
  {
    endpoint: FORM,
    situation: "the mail server does not answer",
    given: "connector",
    answer: withError("provider_not_responding"),
    source: [IMAP],
    standing: "different",
    live: OWN_FORM,
    play: (place) => fillIn(place, { imap_host: place.silent.host, imap_port: String(place.silent.port) }),
  },
  {
    endpoint: FORM,
    situation: "`options=smtp_required`, and no SMTP server",
    given: "connector",
    answer: ok({ body: A_FORM }, 400),
    instead: { smtpRequired: { parameter: WITH_CODE } },
    source: [SMTP_SETTINGS],
    standing: "different",
    live: OWN_FORM,
    play: (place) => fillIn(place, { smtp_host: "", smtp_port: "" }, { options: "smtp_required" }),
  },
  {
    endpoint: FORM,
    situation: "`smtp_required=true`, and no SMTP server",
    given: "connector",
    answer: ok({ body: A_FORM }, 400),
    instead: { smtpRequired: { options: WITH_CODE } },
    source: [JAVA_SMTP_REQUIRED],
    standing: "different",
    live: OWN_FORM,
    play: (place) => fillIn(place, { smtp_host: "", smtp_port: "" }, { smtp_required: "true" }),
  },
  {
    endpoint: TOKEN,
    situation: "a code of the form",
    given: "connector",
    answer: ok({
      ...{ access_token: A_TEXT, token_type: "Bearer", expires_in: 3600, id_token: A_TEXT, email: THE_ADDRESS },
      ...{ provider: "imap", refresh_token: ABSENT, data: ABSENT },
    }),
    source: [EXCHANGE, NODE_AUTH],
    standing: "confirmed",
    live: NEEDS_A_CODE,
    play: async (place) => exchange(place, await codeOf(place)),
  },
  {
    endpoint: TOKEN,
    situation: "a code of a link with `access_type=offline`",
    given: "connector",
    answer: ok({ access_token: A_TEXT, refresh_token: A_TEXT }),
    source: [EXCHANGE, AUTH_LINK],
    standing: "confirmed",
    live: NEEDS_A_CODE,
    play: async (place) => exchange(place, await codeOf(place, { access_type: "offline" })),
  },
  {
    endpoint: TOKEN,
    situation: "the key in the header, as later Node SDKs send it, and not as `client_secret`",
    given: "connector",
    answer: ok({ token_type: "Bearer", provider: "imap" }),
    source: [NODE_SECRET],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => exchange(place, await codeOf(place), { client_secret: undefined }, place.apiKey),
  },
  {
    endpoint: TOKEN,
    situation: "a code for the second time",
    given: "connector",
    answer: refused(400, "invalid_grant"),
    source: [EXCHANGE, NODE_ERRORS],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const code = await codeOf(place);
      await exchange(place, code);
      return exchange(place, code);
    },
  },
  {
    endpoint: TOKEN,
    situation: "a code that was asked for with a challenge, and another verifier",
    given: "connector",
    answer: refused(400, "invalid_grant"),
    source: [EXCHANGE, CLI_ERRORS],
    standing: "confirmed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const code = await codeOf(place, { code_challenge: VERIFIER, code_challenge_method: "plain" });
      return exchange(place, code, { code_verifier: "another one" });
    },
  },
  {
    endpoint: TOKEN,
    situation: "a code that was asked for with a challenge, and no verifier",
    given: "connector",
    answer: refused(400, "invalid_grant"),
    source: [EXCHANGE],
    standing: "assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const code = await codeOf(place, { code_challenge: VERIFIER, code_challenge_method: "plain" });
      return exchange(place, code);
    },
  },
  {
    endpoint: TOKEN,
    situation: "a challenge without a method, and itself as the verifier: `plain`",
    given: "connector",
    answer: ok({ access_token: A_TEXT }),
    source: [AUTH_LINK],
    standing: "confirmed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const code = await codeOf(place, { code_challenge: VERIFIER });
      return exchange(place, code, { code_verifier: VERIFIER, client_secret: undefined });
    },
  },
  {
    endpoint: TOKEN,
    situation: "a challenge of method S256: the hexadecimal digest in Base64, without padding",
    given: "connector",
    answer: ok({ access_token: A_TEXT }),
    instead: { s256Challenge: { rfc7636: refused(400, "invalid_grant") } },
    source: [PYTHON_PKCE, PYTHON_PKCE_FIX, JAVA_PKCE_FIX, NODE_AUTH, CONNECT_LIBRARY],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const challenge = Buffer.from(DIGEST.toString("hex")).toString("base64url");
      const code = await codeOf(place, { code_challenge: challenge, code_challenge_method: "S256" });
      return exchange(place, code, { code_verifier: VERIFIER });
    },
  },
  {
    endpoint: TOKEN,
    situation: "a challenge of method S256: the digest itself in Base64, as in RFC 7636",
    given: "connector",
    answer: refused(400, "invalid_grant"),
    instead: { s256Challenge: { rfc7636: ok({ access_token: A_TEXT }) } },
    source: [PYTHON_PKCE, PYTHON_PKCE_FIX],
    standing: "assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const challenge = DIGEST.toString("base64url");
      const code = await codeOf(place, { code_challenge: challenge, code_challenge_method: "S256" });
      return exchange(place, code, { code_verifier: VERIFIER });
    },
  },
  {
    endpoint: TOKEN,
    situation: "a code whose grant was deleted meanwhile",
    given: "grant",
    answer: refused(400, "invalid_grant"),
    source: [EXCHANGE],
    standing: "assumed",
    live: NEEDS_A_CODE,
    play: async (place) => {
      const code = await codeOf(place);
      await place.call("DELETE", `/v3/grants/${place.grantId}`);
      return exchange(place, code);
    },
  },
  {
    endpoint: TOKEN,
    situation: "neither a secret nor a challenge",
    given: "connector",
    answer: refused(400, "invalid_request"),
    source: [EXCHANGE],
    standing: "type assumed",
    live: NEEDS_A_CODE,
    play: async (place) => exchange(place, await codeOf(place), { client_secret: undefined }),
  },
  ...(
    [
      ["an unknown code", "invalid_grant", {}],
      ["no code", "invalid_request", { code: undefined }],
      ["another application's `client_id`", "invalid_client", { client_id: "6e0f4a3e-0000-4000-8000-000000000000" }],
      ["another key as `client_secret`", "invalid_client", { client_secret: "nyk_v0_of_nobody" }],
      ["an unknown `refresh_token`", "invalid_grant", { grant_type: "refresh_token", refresh_token: "nothing" }],
      ["no `refresh_token`", "invalid_request", { grant_type: "refresh_token" }],
      ["an unknown `grant_type`", "unsupported_grant_type", { grant_type: "magic" }],
    ] as const
  ).map(
    ([situation, type, other]): Expectation => ({
      endpoint: TOKEN,
      situation,
      given: "anything",
      answer: refused(400, type, { error_code: A_COUNT }),
      source: [EXCHANGE, NODE_ERRORS],
      standing: "type assumed",
      live: "always",
      play: (place) => exchange(place, "a-code-of-nobody", other),
    }),
  ),
  {
    endpoint: TOKEN,
    situation: "a body that is neither JSON nor a form",
    given: "anything",
    answer: refused(400, "invalid_request"),
    source: [EXCHANGE],
    standing: "type assumed",
    live: "always",
    play: ({ call }) => call("POST", "/v3/connect/token", { text: "neither", key: null }),
  },
];

function has(page: unknown, element: string): boolean {
  return typeof page === "string" && elementsOf(page).some(({ name }) => name === element);
}

function link(place: Place, other: Readonly<Record<string, string>> = {}): string {
  const query = {
    client_id: place.applicationId,
    redirect_uri: BACK,
    response_type: "code",
    provider: "imap",
    state: STATE,
    ...other,
  };
  return `/v3/connect/auth?${new URLSearchParams(query)}`;
}

function open(
  place: Place,
  other: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return place.call("GET", link(place, other), { key: null, headers });
}

function fillIn(
  place: Place,
  fields: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const own = Object.entries(settingsOf(place)).map(([name, value]) => [name, String(value)]);
  return place.call("POST", link(place, query), { form: { ...Object.fromEntries(own), ...fields }, key: null });
}

export async function codeOf(place: Place, query: Readonly<Record<string, string>> = {}): Promise<string> {
  const location = textOf(await fillIn(place, {}, query), "headers.location");
  return new URL(location).searchParams.get("code") ?? "";
}

export function exchange(
  { call, applicationId, apiKey }: Place,
  code: string,
  other: Readonly<Record<string, string | undefined>> = {},
  key: string | null = null,
): Promise<Answer> {
  const json = {
    grant_type: "authorization_code",
    client_id: applicationId,
    client_secret: apiKey,
    redirect_uri: BACK,
    code,
    ...other,
  };
  return call("POST", "/v3/connect/token", { json, key });
}
