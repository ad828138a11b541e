import { InvalidInputError } from "../errors.js";
import { isRegion, regionUri } from "../settings.js";

/** Longest `state` that Nylas takes, in characters. */
const MAX_STATE_LENGTH = 256;
const ACCESS_TYPES: readonly string[] = ["online", "offline"];
const CHALLENGE_METHODS: readonly string[] = ["S256", "plain"];

/** What the page of a hosted login is asked for. */
interface HostedLogin {
  clientId: string;
  redirectUri: string;
  loginHint?: string | undefined;
  state?: string | undefined;
  requireSmtp?: boolean | undefined;
  accessType?: string | undefined;
  prompt?: string | undefined;
  codeChallenge?: string | undefined;
  codeChallengeMethod?: string | undefined;
  region?: string | undefined;
}

/** The URL of the page where a person connects a mailbox. `configuredUri` is used if no region is given. */
export function hostedLoginUrl(login: HostedLogin, configuredUri: () => string): string {
  check(login);
  const url = new URL(`${baseUri(login.region, configuredUri)}/v3/connect/auth`);
  url.searchParams.set("client_id", login.clientId);
  url.searchParams.set("redirect_uri", login.redirectUri);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("provider", "imap");
  if (login.requireSmtp ?? true) url.searchParams.set("options", "smtp_required");
  if (login.loginHint !== undefined) url.searchParams.set("login_hint", login.loginHint);
  if (login.state !== undefined) url.searchParams.set("state", login.state);
  if (login.accessType !== undefined) url.searchParams.set("access_type", login.accessType);
  if (login.prompt !== undefined) url.searchParams.set("prompt", login.prompt);
  if (login.codeChallenge !== undefined) url.searchParams.set("code_challenge", login.codeChallenge);
  if (login.codeChallengeMethod !== undefined) {
    url.searchParams.set("code_challenge_method", login.codeChallengeMethod);
  }
  return url.toString();
}

/** Programs pass what no type allows. */
function check({
  clientId,
  redirectUri,
  state = "",
  accessType,
  codeChallenge,
  codeChallengeMethod,
}: HostedLogin): void {
  for (const [name, value] of Object.entries({ clientId, redirectUri }))
    if (!value)
      throw invalid(`${name} has no value`, "give it; is an environment variable or a configuration key unset?");
  if (state.length > MAX_STATE_LENGTH)
    throw invalid(`state has ${state.length} characters`, `use at most ${MAX_STATE_LENGTH}`);
  if (accessType !== undefined && !ACCESS_TYPES.includes(accessType)) {
    throw invalid(`accessType is "${accessType}"`, 'use "online" or "offline"');
  }
  if (codeChallenge === "") throw invalid("codeChallenge is empty", "give the challenge, or leave it out");
  if (codeChallengeMethod === undefined) return;
  if (!CHALLENGE_METHODS.includes(codeChallengeMethod)) {
    throw invalid(`codeChallengeMethod is "${codeChallengeMethod}"`, 'use "S256" or "plain"');
  }
  if (codeChallenge === undefined) {
    throw invalid("codeChallengeMethod is given without codeChallenge", "give both, or neither");
  }
}

function baseUri(region: string | undefined, configuredUri: () => string): string {
  if (region === undefined) return configuredUri();
  if (isRegion(region)) return regionUri(region);
  throw invalid(`region is "${String(region)}"`, 'use "us" or "eu"');
}

function invalid(answer: string, remedy: string): InvalidInputError {
  const operation = "Making a hosted authentication address";
  return new InvalidInputError({ code: "invalid_input", operation, answer, remedy });
}
