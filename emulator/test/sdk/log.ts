import type { LoggedRequest, TestEmulator } from "../../../tools/harness/test-emulator.js";

/** Sent beside the SDK, as the browser of a person. */
const OWN_REQUESTS = ["/v3/connect/auth"];
const MESSAGE = /(?<=\/messages\/)(?!send$)[^/]+$/;
const FOLDER = /(?<=\/folders\/)[^/]+$/;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** What every SDK gets a good answer from. The update of a connector is not here: each has a method of its own. */
export const ENDPOINTS = [
  "DELETE /v3/connectors/imap",
  "DELETE /v3/grants/{id}",
  "GET /v3/applications",
  "GET /v3/connect/tokeninfo",
  "GET /v3/connectors",
  "GET /v3/connectors/imap",
  "GET /v3/grants",
  "GET /v3/grants/{id}",
  "GET /v3/grants/{id}/folders",
  "GET /v3/grants/{id}/folders/{folder}",
  "GET /v3/grants/{id}/messages",
  "GET /v3/grants/{id}/messages/{message}",
  "GET /v3/grants/me",
  "GET /v3/grants/me/messages",
  "PATCH /v3/grants/{id}",
  "POST /v3/connect/custom",
  "POST /v3/connect/revoke",
  "POST /v3/connect/token",
  "POST /v3/connectors",
  "POST /v3/grants/{id}/messages/send",
  "POST /v3/providers/detect",
];

/** What every SDK makes an error of, whatever the open questions are answered with; 0 is no answer at all. */
export const REFUSALS = [0, 400, 401, 404, 429, 500, 501, 502, 503, 504];

/** The SDK's own requests: whatever else a test asks for goes to the control interface, which is not in the log. */
export async function requestsOfSdk(emulator: TestEmulator): Promise<LoggedRequest[]> {
  return (await emulator.requests()).filter(({ path }) => !OWN_REQUESTS.includes(path));
}

/** Method and path of every good answer, each once. */
export function endpointsAnswering(log: readonly LoggedRequest[]): string[] {
  const good = log.filter(({ status }) => status >= 200 && status < 300);
  const endpoints = good.map(({ method, path }) => {
    return `${method} ${path.replace(MESSAGE, "{message}").replace(FOLDER, "{folder}").replace(UUID, "{id}")}`;
  });
  return [...new Set(endpoints)].toSorted();
}

/** The status of every other one. */
export function refusalsIn(log: readonly LoggedRequest[]): Set<number> {
  return new Set(log.map(({ status }) => status).filter((status) => status < 200 || status >= 300));
}
