import type { Behaviors } from "../../../behaviors.js";
import { ApiError } from "../../../conventions/errors.js";
import type { Store } from "../../../store/store.js";
import type { PendingCode } from "../tokens/pending-codes.js";

const MAX_STATE = 256;
const PROMPTS = ["select_provider", "detect"];

/** The parameters of a link to the hosted form. */
export interface HostedRequest {
  applicationId: string;
  redirectUri: string;
  state: string | undefined;
  loginHint: string;
  smtpRequired: boolean;
  offline: boolean;
  challenge: PendingCode["challenge"];
}

export interface LinkDependencies {
  store: Pick<Store, "applicationId" | "connector">;
  behaviors: Behaviors;
}

export function readHostedRequest(
  query: Readonly<Record<string, string>>,
  { store, behaviors }: LinkDependencies,
): HostedRequest {
  if (query.client_id !== store.applicationId) throw ApiError.of("linkOfAnotherApplication");
  if (query.response_type !== "code") throw ApiError.of("linkWithoutCode");
  const redirectUri = query.redirect_uri ?? "";
  if (!isRedirectUri(redirectUri)) throw ApiError.of("linkWithoutAddress");
  const state = query.state;
  if (state !== undefined && state.length > MAX_STATE) {
    throw ApiError.of("linkStateTooLong", { max: MAX_STATE });
  }
  // The prompts are for the choice of a provider, which this form does not have.
  const prompts = query.prompt?.split(",") ?? [];
  if (!prompts.every((prompt) => PROMPTS.includes(prompt))) throw ApiError.of("linkPromptUnknown");
  const providers = (query.provider ?? "imap").split(",");
  if (!providers.includes("imap")) throw ApiError.of("providerNotPlayed");
  if (store.connector("imap") === undefined) throw ApiError.of("connectorMissing");
  return {
    applicationId: store.applicationId,
    redirectUri,
    state,
    loginHint: query.login_hint ?? "",
    smtpRequired: demandsSmtp(query, behaviors),
    offline: isOffline(query),
    challenge: readChallenge(query),
  };
}

/** Nylas's clients spell it in two ways. */
function demandsSmtp(query: Readonly<Record<string, string>>, { smtpRequired }: Behaviors): boolean {
  const option = (query.options ?? "").split(",").includes("smtp_required");
  const parameter = query.smtp_required?.toLowerCase() === "true";
  return (option && smtpRequired !== "parameter") || (parameter && smtpRequired !== "options");
}

function isRedirectUri(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && (url.protocol === "http:" || url.protocol === "https:") && url.hash === "";
}

function isOffline({ access_type: accessType = "online" }: Readonly<Record<string, string>>): boolean {
  if (accessType !== "online" && accessType !== "offline") throw ApiError.of("linkAccessTypeUnknown");
  return accessType === "offline";
}

/** Ignores the case of the method: Nylas's Node SDK sends `s256`. */
function readChallenge(query: Readonly<Record<string, string>>): PendingCode["challenge"] {
  if (!query.code_challenge) return undefined;
  const method = (query.code_challenge_method ?? "plain").toLowerCase();
  if (method !== "s256" && method !== "plain") throw ApiError.of("linkChallengeUnknown");
  return { value: query.code_challenge, method };
}
