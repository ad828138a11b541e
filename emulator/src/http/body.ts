import type { ApiContext } from "./context.js";
import { ApiError, invalidRequest } from "./errors.js";

const MAX_BODY_BYTES = 4_194_304;
/** Objects and lists in each other. JSON.parse takes any depth, but JSON.stringify overflows the stack some thousands deep. */
const MAX_DEPTH = 64;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body as text; counted while it comes, as a length header may be missing or wrong. */
export async function readText(context: ApiContext): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ApiError(413, "api.invalid_request_error", "The payload is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Nylas: "api.invalid_request_payload: Invalid JSON payload format." */
export async function readJson(context: ApiContext): Promise<unknown> {
  const text = await readText(context);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, and the body holds passwords.
    throw new ApiError(400, "api.invalid_request_payload", "Invalid JSON payload format.");
  }
  if (isDeep(body)) {
    throw new ApiError(400, "api.invalid_request_payload", `The payload is nested more than ${MAX_DEPTH} deep.`);
  }
  return body;
}

function isDeep(body: unknown): boolean {
  let level = [body].filter(isContainer);
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    level = level.flatMap((container): unknown[] => Object.values(container)).filter(isContainer);
  }
  return level.length > 0;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export async function readObject(context: ApiContext): Promise<JsonObject> {
  const body = await readJson(context);
  if (!isObject(body)) throw new ApiError(400, "api.invalid_request_payload", "The payload must be a JSON object.");
  return body;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined when absent; refused when not text. */
export function optionalText(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidRequest(`Field ${name} must be a string.`);
  return value;
}

export function optionalObject(body: JsonObject, name: string): Record<string, unknown> | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalidRequest(`Field ${name} must be an object.`);
  return { ...value };
}

export function optionalTexts(body: JsonObject, name: string): string[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw invalidRequest(`Field ${name} must be an array of strings.`);
  }
  return value;
}
