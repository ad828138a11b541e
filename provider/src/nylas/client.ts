import got from "got";
import pThrottle from "p-throttle";
import { AccessError, NylasError } from "../errors.js";
import { keepSecret } from "../redact.js";
import type { Settings } from "../settings.js";
import { proxyFor } from "./proxy.js";
import { type Answer, type Connection, type NylasRequest, send } from "./send.js";
import { type Application, ApplicationWire, single } from "./wire.js";

export type { Answer, NylasRequest };

/** One application of Nylas, reached with one key. */
export interface NylasClient {
  readonly settings: Settings;
  /**
   * The application that the key belongs to, asked once per process; every lifecycle step starts here, so a refused key
   * gives way to the environment's before anything else is sent. Throws `wrong_application` when another one is configured.
   */
  application(): Promise<Application>;
  request<T>(request: NylasRequest<T>): Promise<Answer<T>>;
  /** The key in use, for the one request that carries it in its body. */
  apiKey(): string;
}

/** Makes a client; one per settings and process, so that its limiter and its connections are shared. */
export function createClient(settings: Settings): NylasClient {
  // The environment's key too: a server may get it when the configured one is refused.
  keepSecret(...settings.apiKeys);
  const throttle = pThrottle({ limit: settings.requestsPerSecond, interval: 1000, strict: true })(() => {});
  let apiKey = settings.apiKeys[0];
  let known: Promise<Application> | undefined;
  let connection: Promise<Connection> | undefined;

  const http = got.extend({
    prefixUrl: settings.apiUri,
    timeout: { request: settings.timeoutSeconds * 1000 },
    headers: { accept: "application/json", "user-agent": "pulumi-nylas-imap" },
    followRedirect: false,
    hooks: {
      beforeRequest: [
        async () => {
          await throttle();
        },
      ],
    },
  });

  return {
    settings,
    application: () => {
      known ??= identify();
      return known;
    },
    request: async (request) => send(await connected(), apiKey, settings, request),
    apiKey: () => apiKey,
  };

  function connected(): Promise<Connection> {
    connection ??= proxyFor(settings.apiUri).then((proxy) => ({
      http: proxy === undefined ? http : http.extend({ agent: proxy.agent }),
      proxy: proxy?.uri,
    }));
    return connection;
  }

  async function identify(): Promise<Application> {
    try {
      return await identifyWithKeys();
    } catch (error) {
      // A refused key stays refused for this process; anything else may pass, so the next caller asks again.
      if (!(error instanceof AccessError)) known = undefined;
      throw error;
    }
  }

  async function identifyWithKeys(): Promise<Application> {
    let refused: unknown;
    for (const candidate of settings.apiKeys) {
      try {
        const answer = await send(await connected(), candidate, settings, {
          operation: `Asking Nylas which application the key of "${settings.application}" belongs to`,
          method: "GET",
          path: "v3/applications",
          schema: single(ApplicationWire),
        });
        apiKey = candidate;
        return expectApplication(settings, answer.value.data);
      } catch (error) {
        if (!(error instanceof AccessError) || error.code !== "api_key_refused") throw error;
        refused = error;
      }
    }
    throw refused;
  }
}

/** The result, or `undefined` when Nylas says 404. Callers know the key's application by then: see `application()`. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NylasError && error.status === 404) return undefined;
    throw error;
  }
}

function expectApplication(settings: Settings, found: Application): Application {
  if (settings.applicationId === undefined || settings.applicationId === found.applicationId) return found;
  throw new AccessError({
    code: "wrong_application",
    operation: `Checking the API key of "${settings.application}"`,
    answer: `it belongs to application ${found.applicationId}, but ${settings.application}:applicationId demands ${settings.applicationId}; nothing was changed`,
    remedy: `give the key of application ${settings.applicationId}, or correct ${settings.application}:applicationId`,
  });
}
