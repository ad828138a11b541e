import leven from "leven";
import { PERMISSIONS } from "./permissions.js";

/**
 * The answers that Nylas's public sources leave open, each with its alternatives.
 * The first value of a choice is the default; a list of names is empty by default.
 */
export const BEHAVIORS = {
  duplicateConnector: choice(["400", "409"], "status when a connector for the provider exists already"),
  missingConnector: choice(["400", "404"], "status of connect/custom when the provider has no connector"),
  badCredentials: choice(["400", "401"], "status when the mail server refuses the username or password"),
  authLimit: choice(
    ["3", "off"],
    "after this many wrong passwords in a row the error type is grant.auth_limit_reached",
  ),
  nonAsciiPassword: choice(
    ["refused", "accepted"],
    "whether a password with characters outside ASCII is refused without a log-in, by connect/custom and by a send, or used",
  ),
  unreachableHost: choice(
    ["504", "400"],
    "504 api.provider_error or 400 grant.provider_not_responding when the mail server does not answer a login",
  ),
  reauthStatus: choice(["201", "200"], "status when connect/custom re-authenticates an existing grant"),
  settingsEcho: choice(["omitted", "hosts", "full"], "what a grant shows of its settings; full includes the passwords"),
  notFoundType: choice(
    ["specific", "generic", "plain"],
    "error type of a 404: grant.not_found for grants; api.not_found_error for all; not_found_error for all",
  ),
  missingGrant: choice(
    ["404", "401"],
    "status of a request for a grant that the application does not have, such as one that was deleted",
  ),
  invalidGrant: choice(
    ["401", "403"],
    "401 as for a refused API key or 403 grant.access_denied when a request needs the mailbox of an invalid grant",
  ),
  unauthorizedType: choice(
    ["api.authentication_error", "token.unauthorized_access", "unauthorized", "invalid_request_error"],
    "error type of a refused API key",
  ),
  connectorDelete: choice(["invalidate", "purge"], "what deleting a connector does at once to its grants"),
  connectorDeleteGraceSeconds: count(3600, "seconds until the grants of a deleted connector are purged"),
  connectorPut: choice(["405", "200"], "whether PUT on a connector is refused or works like PATCH"),
  listLagSeconds: count(0, "lists filtered by provider or email hide grants younger than this many seconds"),
  newGrantLagSeconds: count(
    0,
    "grants younger than this many seconds are in no list, and reading one by its id does not find it",
  ),
  grantsPerPage: count(0, "most grants on a page, whatever limit asks for and the answer repeats; 0 for Nylas's 200"),
  listedAddress: choice(
    ["shown", "null", "empty", "named", "padded"],
    "the email of a grant in lists: as it is, null, an empty text, as Name <address>, or followed by a blank",
  ),
  missingSmtp: choice(["400", "422"], "status of a send without SMTP settings"),
  rateLimitPerSecond: count(0, "requests per second before the emulator itself answers 429; 0 is no limit"),
  rateLimitType: choice(["api.rate_limit_error", "nylas_rate_limit_exceeded"], "error type of a 429"),
  rateLimitRetryAfter: choice(["header", "none"], "whether a 429 without a Retry-After of its own carries one"),
  scope: choice(["empty", "null", "absent"], "the scope of an IMAP grant"),
  connectorName: choice(["given", "provider", "absent"], "the name of a connector that was given one"),
  unnamedConnector: choice(["provider", "absent"], "the name of a connector that was given none"),
  contentType: choice(
    ["strict", "lenient"],
    "whether a content type other than application/json, without a charset, and multipart/form-data is refused",
  ),
  reauthWorkspace: choice(
    ["kept", "reset"],
    "the workspace of a grant that is authenticated again: the one it was moved to, or the default one",
  ),
  participantName: choice(
    ["absent", "empty"],
    "the name of a sender or recipient without a display name: left out, or an empty string",
  ),
  oauthErrors: choice(
    ["flat", "envelope"],
    "the form of a refusal of token, tokeninfo and revoke with another status than 400: OAuth's, or that of other endpoints",
  ),
  tokenInfoProof: choice(
    ["token", "key"],
    "whether tokeninfo takes a valid access_token alone, or needs a key or a token in the Authorization header as well",
  ),
  smtpRequired: choice(
    ["both", "options", "parameter"],
    "the spelling that makes the hosted form demand SMTP settings: options=smtp_required, smtp_required=true, or either",
  ),
  partialSettings: choice(
    ["refused", "merged"],
    "whether PATCH of a grant refuses settings without a user name, password or host, or changes those that are sent",
  ),
  stateEcho: choice(
    ["returned", "omitted", "kept"],
    "the state of a grant: the last one sent, not shown at all, or the one of the first authentication",
  ),
  blockedGrant: choice(
    ["423", "403"],
    "423 api.resource_blocked or 403 grant.access_denied when a request needs the mailbox of a blocked grant",
  ),
  s256Challenge: choice(
    ["hex", "rfc7636"],
    "what a code_challenge of method S256 encodes: the hexadecimal digest of the verifier, or the digest itself",
  ),
  relatedIds: choice(
    ["omitted", "shown"],
    "whether grants show workspace_id and credential_id, and connectors active_credential_id",
  ),
  deniedPermissions: names(
    PERMISSIONS,
    "permissions that the API key lacks, separated by commas: a call that needs one answers 403, as with an IAM key",
  ),
} as const satisfies Record<string, Behavior>;

export type BehaviorName = keyof typeof BEHAVIORS;

/** Every behavior with its value. */
export type Behaviors = {
  [Name in BehaviorName]: (typeof BEHAVIORS)[Name] extends { kind: "choice"; values: readonly (infer Value)[] }
    ? Value
    : (typeof BEHAVIORS)[Name] extends { kind: "names"; values: readonly (infer Value)[] }
      ? readonly Value[]
      : number;
};

/** An item of `GET /_emulator/behaviors`. */
export interface BehaviorReport {
  name: string;
  about: string;
  value: string;
  default: string;
  /** All possible values, or what a list may hold; absent for a number. */
  values?: readonly string[];
  /** How often the behavior has been read since the start. */
  asked: number;
}

interface Choice<Value extends string> {
  kind: "choice";
  values: readonly Value[];
  about: string;
}

interface Count {
  kind: "count";
  initial: number;
  about: string;
}

interface Names<Value extends string> {
  kind: "names";
  values: readonly Value[];
  /** As `--behavior` takes it. */
  initial: "";
  about: string;
}

type Behavior = Choice<string> | Count | Names<string>;

/** An unknown behavior or value. The message lists the allowed ones. */
export class BehaviorError extends Error {}

/** Reads options such as `{ duplicateConnector: "409" }`; the other behaviors have their defaults. */
export function chooseBehaviors(chosen: Readonly<Record<string, string>> = {}): Behaviors {
  const values: Record<string, string | number | readonly string[]> = {};
  for (const [name, behavior] of Object.entries<Behavior>(BEHAVIORS)) {
    values[name] = initialOf(behavior);
  }
  for (const [name, value] of Object.entries(chosen)) {
    values[name] = readValue(name, value);
  }
  // The loops above assign an allowed value to every name.
  return values as Behaviors;
}

/** Wraps the behaviors to count how often each is read: one that is never read had no effect on a test. */
export function countAsked(behaviors: Behaviors): { behaviors: Behaviors; asked: ReadonlyMap<string, number> } {
  const asked = new Map<string, number>();
  const counting = new Proxy(behaviors, {
    get(target, name, receiver) {
      if (typeof name === "string") asked.set(name, (asked.get(name) ?? 0) + 1);
      return Reflect.get(target, name, receiver);
    },
  });
  return { behaviors: counting, asked };
}

/** Lists each behavior with its value, its alternatives and how often it has been read. */
export function describeBehaviors(behaviors: Behaviors, asked: ReadonlyMap<string, number>): BehaviorReport[] {
  return Object.entries<Behavior>(BEHAVIORS).map(([name, behavior]) => ({
    name,
    about: behavior.about,
    value: String(Reflect.get(behaviors, name)),
    default: behavior.kind === "choice" ? (behavior.values[0] ?? "") : String(behavior.initial),
    ...("values" in behavior ? { values: behavior.values } : {}),
    asked: asked.get(name) ?? 0,
  }));
}

function initialOf(behavior: Behavior): string | number | readonly string[] {
  if (behavior.kind === "names") return [];
  return behavior.kind === "choice" ? (behavior.values[0] ?? "") : behavior.initial;
}

function readValue(name: string, value: string): string | number | readonly string[] {
  const behavior = Object.entries<Behavior>(BEHAVIORS).find(([known]) => known === name)?.[1];
  if (behavior === undefined) {
    throw new BehaviorError(
      `There is no behavior "${name}". Did you mean "${nearest(name)}"? All: ${Object.keys(BEHAVIORS).join(", ")}.`,
    );
  }
  if (behavior.kind === "count") {
    if (!/^\d{1,9}$/.test(value)) {
      throw new BehaviorError(`Behavior "${name}" takes a whole number (${behavior.about}), not "${value}".`);
    }
    return Number(value);
  }
  if (behavior.kind === "names") {
    const chosen = value === "" ? [] : value.split(",");
    const unknown = chosen.find((one) => !behavior.values.includes(one));
    if (unknown === undefined) return chosen;
    throw new BehaviorError(
      `Behavior "${name}" takes a list of ${behavior.values.join(", ")} (${behavior.about}), and not "${unknown}".`,
    );
  }
  if (!behavior.values.includes(value)) {
    throw new BehaviorError(
      `Behavior "${name}" takes ${behavior.values.join(" or ")} (${behavior.about}), not "${value}".`,
    );
  }
  return value;
}

function nearest(name: string): string {
  const byDistance = Object.keys(BEHAVIORS)
    .map((known) => ({ known, distance: leven(known.toLowerCase(), name.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  return byDistance[0]?.known ?? "";
}

function choice<const Value extends string>(values: readonly Value[], about: string): Choice<Value> {
  return { kind: "choice", values, about };
}

function names<const Value extends string>(values: readonly Value[], about: string): Names<Value> {
  return { kind: "names", values, initial: "", about };
}

function count(initial: number, about: string): Count {
  return { kind: "count", initial, about };
}
