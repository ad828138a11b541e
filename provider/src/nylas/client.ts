import { performance } from "node:perf_hooks";
import { AccessError, NylasError } from "../errors.js";
import { type Host, sentences, type Wording } from "../host.js";
import type { Notices } from "../notices.js";
import { keepSecret } from "../redact.js";
import type { Settings } from "../settings.js";
import { createPace } from "./pace.js";
import type { NylasRequest, Sender } from "./send.js";
import { createServerClock } from "./server-clock.js";
import { APPLICATION_PATH, type Application, ApplicationWire, single } from "./wire.js";

/**
 * How long a refused key is not sent again, in milliseconds. The mailboxes of a run share one refusal; a process that lives on,
 * as with the Automation API, notices a mended key.
 */
const REFUSAL_MAX_AGE_MS = 10_000;

/** Sends requests to one Nylas application. */
export interface NylasClient {
  readonly settings: Settings;
  readonly notices: Notices;
  /** The application of the key, requested once per client. Throws `wrong_application` if another one is configured. */
  application(): Promise<Application>;
  /**
   * Sends a request, after the key's application is known: a refused key has then fallen back to the environment's, and a
   * 404 cannot be about an object of another application.
   */
  request<T>(request: NylasRequest<T>): Promise<T>;
  /** Like `request`, but returns `undefined` if Nylas answers with 404. */
  requestIfExists<T>(request: NylasRequest<T>): Promise<T | undefined>;
  /** The time at Nylas in milliseconds since 1970, from its answers; `undefined` if they have no date. */
  now(): number | undefined;
  /** The key in use, for `v3/connect/token`, which expects it in the body. */
  apiKey(): Promise<string>;
}

/**
 * Creates a client. A process needs one for each `Settings`, so that its requests share rate limiter and connections. Calls
 * `identified` once Nylas has told the application of the key.
 */
export function createClient(
  settings: Settings,
  host: Host,
  identified: (application: Application) => void = () => {},
): NylasClient {
  // Register all keys: the environment's key is sent if the configured one is refused.
  keepSecret(...settings.apiKeys);
  const pace = createPace(settings.requestsPerSecond);
  const clock = createServerClock();
  let apiKey = settings.apiKeys[0];
  let known: Promise<Application> | undefined;
  /** When Nylas refused the keys, by the monotonic clock. */
  let refusedAt: number | undefined;
  let sender: Promise<Sender> | undefined;

  return {
    settings,
    notices: host.notices,
    application,
    request: async (request) => {
      await application();
      return sendWith(apiKey, request);
    },
    requestIfExists: async (request) => {
      // Outside the `try`: a 404 for the application does not mean that the object is missing.
      await application();
      try {
        return await sendWith(apiKey, request);
      } catch (error) {
        if (error instanceof NylasError && error.status === 404) return undefined;
        throw error;
      }
    },
    now: clock.now,
    apiKey: async () => {
      await application();
      return apiKey;
    },
  };

  function application(): Promise<Application> {
    if (refusedAt !== undefined && performance.now() - refusedAt > REFUSAL_MAX_AGE_MS) {
      known = undefined;
      refusedAt = undefined;
    }
    known ??= identify();
    return known;
  }

  async function sendWith<T>(key: string, request: NylasRequest<T>): Promise<T> {
    // Loading the HTTP library takes longer than a plan, which sends nothing.
    sender ??= import("./send.js").then(({ createSender }) => createSender(settings, pace, clock, host));
    return (await sender)(key, request);
  }

  async function identify(): Promise<Application> {
    try {
      const application = await identifyWithKeys();
      identified(application);
      return application;
    } catch (error) {
      // Other failures may be temporary, so the next caller tries again at once.
      if (error instanceof AccessError) refusedAt = performance.now();
      else known = undefined;
      throw error;
    }
  }

  async function identifyWithKeys(): Promise<Application> {
    let refused: unknown;
    for (const candidate of settings.apiKeys) {
      try {
        const found = await sendWith(candidate, {
          operation: `Asking Nylas which application the key of "${settings.application}" belongs to`,
          method: "GET",
          path: APPLICATION_PATH,
          schema: single(ApplicationWire),
        });
        const application = expectApplication(settings, host.wording, found.data);
        apiKey = candidate;
        return application;
      } catch (error) {
        if (!(error instanceof AccessError) || error.code === "permission_denied") throw error;
        refused = error;
      }
    }
    throw refused;
  }
}

/** The region of the application, if the settings have another one. */
export function otherRegion({ region: set }: Settings, { region }: Application): string | undefined {
  return region === set ? undefined : region;
}

function expectApplication(settings: Settings, wording: Wording, found: Application): Application {
  if (settings.applicationId === undefined || settings.applicationId === found.applicationId) return found;
  throw new AccessError({
    code: "wrong_application",
    operation: `Checking the API key of "${settings.application}"`,
    answer: `it belongs to application ${found.applicationId}, but ${wording.setting.name(settings.application, "applicationId")} demands ${settings.applicationId}; nothing was changed`,
    remedy: sentences(
      `give the key of application ${settings.applicationId} in ${wording.setting.place(settings.application, "apiKey")}, or correct ` +
        wording.setting.name(settings.application, "applicationId"),
      wording.staleSettings,
    ),
  });
}
