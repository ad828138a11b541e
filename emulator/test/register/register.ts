import { BEHAVIORS, type BehaviorName } from "nylas-emulator";
import { anywhere } from "./entries/anywhere.js";
import { connectors } from "./entries/connectors.js";
import { customAuth } from "./entries/custom-auth.js";
import { detect } from "./entries/detect.js";
import { endings, grants } from "./entries/grants.js";
import { hostedAuth } from "./entries/hosted-auth.js";
import { mailbox } from "./entries/mailbox.js";
import { sending } from "./entries/send.js";
import { tokens } from "./entries/tokens.js";
import type { Expectation } from "./expectation.js";
import {
  BYO_AUTH,
  CLI_ERRORS,
  CLI_LISTS,
  CONNECT_LIBRARY,
  DELETING,
  IMAP_TROUBLESHOOTING,
  JAVA_SCOPE,
  JAVA_SMTP_REQUIRED,
  LIMIT_LAYERS,
  NODE_NO_NAME,
  PATCH_GRANT,
  PYTHON_CHARSET,
  PYTHON_PKCE_FIX,
  READ_MESSAGE,
  RUBY_PATCH,
  SENDING_ERRORS,
  type Source,
  TROUBLESHOOTING,
  WORKSPACES,
} from "./sources.js";

/** All expectations of Nylas, in an order in which one application can play them. */
export const REGISTER: readonly Expectation[] = [
  ...anywhere,
  ...detect,
  ...connectors,
  ...customAuth,
  ...grants,
  ...mailbox,
  ...sending,
  ...hostedAuth,
  ...tokens,
  ...endings,
];

export interface OpenPoint {
  point: string;
  /** Behaviors of the emulator that play the possible answers. */
  switches: readonly BehaviorName[];
  /** A hint in a source, with its link. */
  hint?: { says: string; source: Source };
}

/** What the public sources leave open. The first fifteen are one question each. */
export const OPEN_POINTS: readonly OpenPoint[] = [
  { point: "a second connector for a provider", switches: ["duplicateConnector"] },
  { point: "an authentication without a connector", switches: ["missingConnector"] },
  { point: "a wrong password", switches: ["badCredentials", "authLimit"] },
  { point: "a mail server that does not answer", switches: ["unreachableHost"] },
  {
    point: "the status of a re-authentication",
    switches: ["reauthStatus"],
    hint: { says: "the contract has `201` alone", source: BYO_AUTH },
  },
  { point: "what a grant shows of its settings", switches: ["settingsEcho"] },
  { point: "the error type of a 404", switches: ["notFoundType"] },
  {
    point: "a grant that the application does not have",
    switches: ["missingGrant"],
    hint: {
      says: "a wrong grant id is listed under 401; the contract has 404 for grants alone",
      source: TROUBLESHOOTING,
    },
  },
  {
    point: "the mailbox of a grant that is no longer valid",
    switches: ["invalidGrant"],
    hint: { says: "after a changed password calls answer 401 or 403", source: SENDING_ERRORS },
  },
  {
    point: "the error type of a 401",
    switches: ["unauthorizedType"],
    hint: { says: "a recorded answer to a wrong key has `token.unauthorized_access`", source: CLI_ERRORS },
  },
  {
    point: "the grants of a deleted connector",
    switches: ["connectorDelete", "connectorDeleteGraceSeconds"],
    hint: { says: "their records outlive it: `invalidate`", source: DELETING },
  },
  {
    point: "PUT on a connector",
    switches: ["connectorPut"],
    hint: { says: "other clients were moved to PATCH", source: RUBY_PATCH },
  },
  {
    point: "the lag of filtered lists",
    switches: ["listLagSeconds"],
    hint: { says: "more than 70 seconds were seen with `provider=`", source: CLI_LISTS },
  },
  { point: "the lag of all that shows a new grant", switches: ["newGrantLagSeconds"] },
  { point: "the longest page of grants", switches: ["grantsPerPage"] },
  { point: "the address of a grant in a list", switches: ["listedAddress"] },
  { point: "a send without SMTP settings", switches: ["missingSmtp"] },
  {
    point: "`Retry-After` of a 429",
    switches: ["rateLimitRetryAfter"],
    hint: { says: "it is promised for the providers' limits alone", source: LIMIT_LAYERS },
  },
  {
    point: "the scope of an IMAP grant",
    switches: ["scope"],
    hint: { says: "a recorded answer had none: `absent`", source: JAVA_SCOPE },
  },
  {
    point: "the name of a connector",
    switches: ["connectorName", "unnamedConnector"],
    hint: { says: "clients took it out of their answers in 2024; today's contract requires it", source: NODE_NO_NAME },
  },
  {
    point: "the error type of a 429",
    switches: ["rateLimitType"],
    hint: { says: "`nylas_rate_limit_exceeded` is the newer page's word for Nylas's own limit", source: LIMIT_LAYERS },
  },
  { point: "a request for the mailbox of a blocked grant", switches: ["blockedGrant"] },
  {
    point: "a PKCE challenge of method S256",
    switches: ["s256Challenge"],
    hint: {
      says: "the API wants the hexadecimal digest encoded, and not the digest itself: `hex`",
      source: PYTHON_PKCE_FIX,
    },
  },
  {
    point: "the workspace and the credential of an IMAP grant",
    switches: ["relatedIds"],
    hint: { says: "the default workspace may be left out: `omitted`", source: WORKSPACES },
  },
  {
    point: "the name of a sender or recipient without a display name",
    switches: ["participantName"],
    hint: { says: "the contract requires the address alone", source: READ_MESSAGE },
  },
  {
    point: "a password with characters outside ASCII",
    switches: ["nonAsciiPassword"],
    hint: { says: "Nylas cannot authenticate it: `refused`", source: IMAP_TROUBLESHOOTING },
  },
  { point: "the form of a refusal of the token endpoints with another status than 400", switches: ["oauthErrors"] },
  {
    point: "what proves the right to ask about a token",
    switches: ["tokenInfoProof"],
    hint: { says: "Nylas's library for browsers sends the access token alone: `token`", source: CONNECT_LIBRARY },
  },
  {
    point: "the spelling of the demand for SMTP settings",
    switches: ["smtpRequired"],
    hint: {
      says: "the Java and Kotlin clients send `smtp_required=true`, the others `options=smtp_required`",
      source: JAVA_SMTP_REQUIRED,
    },
  },
  {
    point: "a change of some settings of a grant",
    switches: ["partialSettings"],
    hint: { says: "settings are replaced as a whole", source: PATCH_GRANT },
  },
  {
    point: "the content type of a body",
    switches: ["contentType"],
    hint: {
      says: "only JSON and multipart are supported, and JSON with a charset is refused: `strict`",
      source: PYTHON_CHARSET,
    },
  },
  {
    point: "the workspace of a grant that is authenticated again",
    switches: ["reauthWorkspace"],
  },
  { point: "what becomes of a grant's state", switches: ["stateEcho"] },
  { point: "what the key may do", switches: ["deniedPermissions"] },
  { point: "the emulator's own limit", switches: ["rateLimitPerSecond"] },
];

/** `name=value` of every alternative answer in the register. */
export const OTHER_ANSWERS: readonly { name: BehaviorName; value: string }[] = behaviorNames().flatMap((name) => {
  const values = new Set(REGISTER.flatMap(({ instead }) => Object.keys(instead?.[name] ?? {})));
  return [...values].map((value) => ({ name, value }));
});

export function behaviorNames(): BehaviorName[] {
  // `Object.keys` returns `string[]`; the type is derived from this constant.
  return Object.keys(BEHAVIORS) as BehaviorName[];
}

export function defaultOf(name: BehaviorName): string {
  const behavior = BEHAVIORS[name];
  return behavior.kind === "choice" ? (behavior.values[0] ?? "") : String(behavior.initial);
}
