import type { ApiContext } from "../http/context.js";
import { ApiError } from "./errors.js";

const MAX_BODY_BYTES = 4_194_304;
/** Nesting of objects and arrays. JSON.parse has no limit, but JSON.stringify overflows the stack at some thousands. */
const MAX_DEPTH = 64;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body as text. Counts bytes as they arrive, because Content-Length may be missing or wrong. */
export async function readText(context: ApiContext): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw ApiError.of("payloadTooLarge");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

export async function readJson(context: ApiContext): Promise<unknown> {
  const text = await readText(context);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // JSON.parse's error message quotes the body, which may contain passwords.
    throw ApiError.of("payloadNotJson");
  }
  if (isDeep(body)) {
    throw ApiError.of("payloadTooDeep", { depth: MAX_DEPTH });
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
  if (!isObject(body)) throw ApiError.of("payloadNotAnObject");
  return body;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined when absent or null. */
export function optionalText(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw ApiError.of("fieldNotAString", { field: name });
  return value;
}

export function optionalObject(body: JsonObject, name: string): Record<string, unknown> | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw ApiError.of("fieldNotAnObject", { field: name });
  return { ...value };
}

export function optionalTexts(body: JsonObject, name: string): string[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw ApiError.of("fieldNotStrings", { field: name });
  }
  return value;
}
