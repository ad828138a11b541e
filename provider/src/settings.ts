import { isIPv4 } from "node:net";
import { InvalidInputError } from "./errors.js";
import { misspelt } from "./nearest.js";
import type { Environment } from "./notices.js";

/** The configuration namespace, and the default application. */
export const DEFAULT_APPLICATION = "nylas";
/** Most requests per second of one process; Nylas allows 50 per application. */
const DEFAULT_REQUESTS_PER_SECOND = 40;
/** Time limit of one request, in seconds. Nylas itself waits at most 120 for a login at a slow mail server. */
const DEFAULT_TIMEOUT_SECONDS = 120;
/** Largest `requestsPerSecond` that may be configured. */
const MAX_REQUESTS_PER_SECOND = 1_000;
/** Largest `timeoutSeconds` that may be configured. */
const MAX_TIMEOUT_SECONDS = 3_600;

/** What can be configured, as `namespace:name` or with {@link environmentVariable}. */
export const SETTING_NAMES = [
  "apiKey",
  "region",
  "apiUri",
  "allowHttp",
  "applicationId",
  "requestsPerSecond",
  "timeoutSeconds",
] as const;

/** The region of a Nylas application, which is where its data is kept. */
export type Region = "us" | "eu";

export const DEFAULT_REGION: Region = "us";

const API_URIS: Readonly<Record<Region, string>> = { us: "https://api.us.nylas.com", eu: "https://api.eu.nylas.com" };

/** Where an application's requests go. */
export interface Endpoint {
  region: Region;
  /** Without a trailing slash. */
  apiUri: string;
}

/** The settings of one application. */
export interface Settings extends Endpoint {
  application: string;
  /** In order of use: the configured key, then the environment's if it differs. */
  apiKeys: readonly [string, ...string[]];
  /** If set, a key of any other application is refused. */
  applicationId: string | undefined;
  requestsPerSecond: number;
  timeoutSeconds: number;
}

/** Looks up `namespace:key`, in the program's configuration or in the one passed to the provider's `configure`. */
export type ConfigLookup = (key: string) => string | undefined;

/** How messages name a setting of a namespace. */
export interface SettingWording {
  /** Such as `nylas:region`. */
  name(application: string, key: string): string;
  /** Each place where it is read: completes "correct …", and with the value that is wanted "set … to eu". */
  place(application: string, key: string, value?: string): string;
}

/** Of settings that are read from the stack's configuration and the environment. */
export const CONFIGURATION_WORDING: SettingWording = {
  name: (application, key) => `${application}:${key}`,
  place: (application, key, value) => {
    const name = `${application}:${key}`;
    const set = key === "apiKey" ? `--secret ${name}` : value && `${name} ${value}`;
    return `${name}${set ? ` (\`pulumi config set ${set}\`)` : ""} or ${environmentVariable(application, key)}`;
  },
};

/** Of settings that are read from the environment alone. */
export const ENVIRONMENT_WORDING: SettingWording = { name: environmentVariable, place: environmentVariable };

/** Reads one application's settings from configuration and environment; throws `InvalidInputError` naming the wrong one. */
export function readSettings(
  application: string,
  config: ConfigLookup,
  env: Environment,
  wording: SettingWording = CONFIGURATION_WORDING,
): Settings {
  const namespace = { application, wording };
  const { configured, fromEnvironment, either } = lookups(application, config, env);
  const apiKeys = unique([configured("apiKey"), fromEnvironment("apiKey")]);
  const [first, ...rest] = apiKeys;
  if (first === undefined) throw missingKey(namespace, misspeltVariables(application, config, env));
  for (const key of apiKeys) {
    if (!isHeaderValue(key)) {
      throw invalid(namespace, "apiKey", "contains characters that cannot be sent in a header");
    }
  }

  return {
    application,
    apiKeys: [first, ...rest],
    ...readEndpoint(application, config, env, wording),
    applicationId: either("applicationId"),
    requestsPerSecond: positive(
      namespace,
      "requestsPerSecond",
      either("requestsPerSecond"),
      DEFAULT_REQUESTS_PER_SECOND,
      MAX_REQUESTS_PER_SECOND,
    ),
    timeoutSeconds: positive(
      namespace,
      "timeoutSeconds",
      either("timeoutSeconds"),
      DEFAULT_TIMEOUT_SECONDS,
      MAX_TIMEOUT_SECONDS,
    ),
  };
}

/** Reads region and base URL, which needs no API key; throws `InvalidInputError` naming the wrong setting. */
export function readEndpoint(
  application: string,
  config: ConfigLookup,
  env: Environment,
  wording: SettingWording = CONFIGURATION_WORDING,
): Endpoint {
  const namespace = { application, wording };
  const { either } = lookups(application, config, env);
  const region = either("region") ?? DEFAULT_REGION;
  if (!isRegion(region)) throw invalid(namespace, "region", `is "${region}" but must be "us" or "eu"`);
  const allowHttp = flag(namespace, "allowHttp", either("allowHttp"));
  return { region, apiUri: parseUri(namespace, either("apiUri"), allowHttp) ?? API_URIS[region] };
}

/** `NYLAS_API_KEY` for `nylas` and `apiKey`; `NYLAS_EU_API_URI` for `nylas-eu` and `apiUri`. */
export function environmentVariable(application: string, key: string): string {
  const snake = (name: string) => name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").replaceAll("-", "_");
  return `${snake(application)}_${snake(key)}`.toUpperCase();
}

/**
 * One sentence for each variable that is probably a misspelt setting: its name is near one of a setting without a value. Other
 * programs may own any other variable with the application's prefix.
 */
export function misspeltVariables(application: string, config: ConfigLookup, env: Environment): string[] {
  const { either } = lookups(application, config, env);
  const open = SETTING_NAMES.filter((key) => either(key) === undefined);
  const prefix = environmentVariable(application, "");
  return Object.keys(env).flatMap((name) => {
    if (!name.toUpperCase().startsWith(prefix) || nonEmpty(env[name]) === undefined) return [];
    const meant = misspelt(
      name,
      open.map((key) => environmentVariable(application, key)),
    );
    return meant === undefined ? [] : [`${name} is not read; did you mean ${meant}?`];
  });
}

/** The base URL of a region. */
export function regionUri(region: Region): string {
  return API_URIS[region];
}

export function isRegion(value: string): value is Region {
  return Object.hasOwn(API_URIS, value);
}

/** A namespace, as messages write its settings. */
interface Namespace {
  application: string;
  wording: SettingWording;
}

function placeOf({ application, wording }: Namespace, key: string): string {
  return wording.place(application, key);
}

function lookups(application: string, config: ConfigLookup, env: Environment) {
  const configured = (key: string) => nonEmpty(config(`${application}:${key}`));
  const fromEnvironment = (key: string) => nonEmpty(env[environmentVariable(application, key)]);
  return { configured, fromEnvironment, either: (key: string) => configured(key) ?? fromEnvironment(key) };
}

/**
 * Checks and normalizes a base URL, so that the checked URL is the one that requests use. Messages never quote it: a mistyped
 * URL may contain a password or the API key.
 */
function parseUri(namespace: Namespace, value: string | undefined, allowHttp: boolean): string | undefined {
  if (value === undefined) return undefined;
  const refused = (problem: string, remedy?: string) => invalid(namespace, "apiUri", problem, remedy);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refused(`must be an https URL, such as ${API_URIS.us}`);
  }
  if (url.username !== "" || url.password !== "") throw refused("must not contain a user name or password");
  if (/[?#]/.test(value)) throw refused("must not contain a query or a fragment");
  if (/\/v3\/*$/i.test(url.pathname)) {
    throw refused("must not end in /v3: this package adds it", `leave /v3 out: the address is such as ${API_URIS.us}`);
  }
  if (url.protocol === "http:" && !allowHttp && !isLoopback(url.hostname)) {
    throw refused(
      "must be an https URL: over http the API key and the mailboxes' passwords could be read on the way",
      `use https; to accept that risk, set ${placeOf(namespace, "allowHttp")} to true`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** Whether others can listen to what is sent to a base URL. */
export function isInClear(apiUri: string): boolean {
  const { protocol, hostname } = new URL(apiUri);
  return protocol === "http:" && !isLoopback(hostname);
}

/** Whether a URL's host name always means this machine. `URL` has already normalized IP addresses. */
function isLoopback(hostname: string): boolean {
  if (isIPv4(hostname)) return hostname.startsWith("127.");
  return hostname === "[::1]" || /(^|\.)localhost$/.test(hostname);
}

function flag(namespace: Namespace, key: string, value: string | undefined): boolean {
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw invalid(namespace, key, "must be true or false");
}

function positive(namespace: Namespace, key: string, value: string | undefined, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 1 || number > max) {
    throw invalid(namespace, key, `is "${value}" but must be a number from 1 to ${max}`);
  }
  return number;
}

function isHeaderValue(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

function nonEmpty(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}

function unique(keys: (string | undefined)[]): string[] {
  return [...new Set(keys.filter((key) => key !== undefined))];
}

function missingKey(namespace: Namespace, misspellings: readonly string[]): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: readingNamespace(namespace.application),
    answer: ["there is no Nylas API key", ...misspellings].join("; "),
    remedy: `give one in ${placeOf(namespace, "apiKey")}`,
  });
}

function invalid(namespace: Namespace, key: string, problem: string, remedy?: string): InvalidInputError {
  const { application, wording } = namespace;
  return new InvalidInputError({
    code: "invalid_input",
    operation: readingNamespace(application),
    answer: `${wording.name(application, key)} ${problem}`,
    remedy: remedy ?? `correct ${placeOf(namespace, key)}`,
  });
}

/** The `operation` of errors about settings. */
export function readingNamespace(application: string): string {
  return `Reading the configuration namespace "${application}"`;
}
