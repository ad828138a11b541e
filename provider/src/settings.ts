import { InvalidInputError } from "./nylas/errors.js";

/** The configuration namespace, and the default application. */
export const DEFAULT_APPLICATION = "nylas";
/** Requests a second that one process sends at most; Nylas allows 50 per application. */
export const DEFAULT_REQUESTS_PER_SECOND = 40;
/** One request's limit in seconds; Nylas's own ceiling for a login at a slow mail server is 120. */
export const DEFAULT_TIMEOUT_SECONDS = 120;
/** Upper bounds of the two numbers above. */
export const MAX_REQUESTS_PER_SECOND = 1_000;
export const MAX_TIMEOUT_SECONDS = 3_600;

const API_URIS = { us: "https://api.us.nylas.com", eu: "https://api.eu.nylas.com" } as const;

export type Region = keyof typeof API_URIS;

/** How one application is reached. */
export interface Settings {
  application: string;
  /** In the order they are tried: the configured key, then a different one from the environment. */
  apiKeys: readonly [string, ...string[]];
  region: Region;
  /** Without a trailing slash. */
  apiUri: string;
  /** Refuse keys of any other application. */
  applicationId: string | undefined;
  requestsPerSecond: number;
  timeoutSeconds: number;
}

/** Looks up `namespace:key`, as `pulumi.Config` and the provider's `configure` both can. */
export type ConfigLookup = (key: string) => string | undefined;

/** Reads one application's settings from configuration and environment; throws `InvalidInputError` naming the key. */
export function readSettings(
  application: string,
  config: ConfigLookup,
  env: NodeJS.ProcessEnv = process.env,
): Settings {
  const configured = (key: string) => nonEmpty(config(`${application}:${key}`));
  const fromEnvironment = (key: string) => nonEmpty(env[environmentVariable(application, key)]);
  const either = (key: string) => configured(key) ?? fromEnvironment(key);

  const apiKeys = unique([configured("apiKey"), fromEnvironment("apiKey")]);
  const [first, ...rest] = apiKeys;
  if (first === undefined) throw missingKey(application);
  for (const key of apiKeys) {
    if (!isHeaderValue(key)) {
      throw invalid(application, "apiKey", "contains characters that cannot be sent in a header");
    }
  }

  const region = either("region") ?? "us";
  if (!isRegion(region)) throw invalid(application, "region", `is "${region}" but must be "us" or "eu"`);

  return {
    application,
    apiKeys: [first, ...rest],
    region,
    apiUri: parseUri(application, either("apiUri")) ?? API_URIS[region],
    applicationId: either("applicationId"),
    requestsPerSecond: positive(
      application,
      "requestsPerSecond",
      either("requestsPerSecond"),
      DEFAULT_REQUESTS_PER_SECOND,
      MAX_REQUESTS_PER_SECOND,
    ),
    timeoutSeconds: positive(
      application,
      "timeoutSeconds",
      either("timeoutSeconds"),
      DEFAULT_TIMEOUT_SECONDS,
      MAX_TIMEOUT_SECONDS,
    ),
  };
}

/** `NYLAS_API_KEY` for `nylas` and `apiKey`; `NYLAS_EU_API_URI` for `nylas-eu` and `apiUri`. */
export function environmentVariable(application: string, key: string): string {
  const snake = (name: string) => name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").replaceAll("-", "_");
  return `${snake(application)}_${snake(key)}`.toUpperCase();
}

/** The base URL of a region. */
export function regionUri(region: Region): string {
  return API_URIS[region];
}

export function isRegion(value: string): value is Region {
  return Object.hasOwn(API_URIS, value);
}

function parseUri(application: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw invalid(application, "apiUri", `is "${value}" but must be an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(application, "apiUri", "must not contain a user name or password");
  }
  return value.replace(/\/+$/, "");
}

function positive(application: string, key: string, value: string | undefined, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 1 || number > max) {
    throw invalid(application, key, `is "${value}" but must be a number from 1 to ${max}`);
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

function missingKey(application: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Reading the configuration of application "${application}"`,
    answer: "there is no Nylas API key",
    remedy:
      `run \`pulumi config set --secret ${application}:apiKey\` (it asks for the key), ` +
      `or set ${environmentVariable(application, "apiKey")} in the environment`,
  });
}

function invalid(application: string, key: string, problem: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Reading the configuration of application "${application}"`,
    answer: `${application}:${key} ${problem}`,
    remedy: `correct ${application}:${key} or ${environmentVariable(application, key)}`,
  });
}
