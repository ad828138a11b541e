import type { Answer } from "./answer.js";
import type { Request } from "./expectation.js";

/** Longer than Nylas itself waits for a mail server. */
const TIMEOUT_MS = 130_000;

/** One request, as it is asked for; no redirect is followed. */
export async function ask(
  apiUri: string,
  apiKey: string,
  method: string,
  path: string,
  { json, text, form, key = apiKey, headers = {}, signal }: Request = {},
): Promise<Answer> {
  const body =
    json === undefined ? (form === undefined ? text : new URLSearchParams(form).toString()) : JSON.stringify(json);
  const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  const response = await fetch(`${apiUri}${path}`, {
    method,
    redirect: "manual",
    signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
    headers: {
      accept: "application/json",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
