import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Nylas's published contract; it stands beside this repository where the tests may have it. */
const FILE = join(import.meta.dirname, "../../../../shared/reference/nylas-openapi.json");

/** The part of an OpenAPI document that the check reads. */
export interface Contract {
  openapi: string;
  info: { version: string };
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, Schema> };
}

export type Schema = Record<string, unknown>;

export type PathItem = Partial<Record<Method, Operation>> & { parameters?: (Parameter | Reference)[] };

export const METHODS = ["get", "put", "post", "patch", "delete"] as const;
export type Method = (typeof METHODS)[number];

export interface Operation {
  parameters?: (Parameter | Reference)[];
  requestBody?: Body | Reference;
  responses: Record<string, Body | Reference>;
}

export interface Parameter {
  name: string;
  in: "query" | "path" | "header";
  required?: boolean;
  schema: Schema;
}

export interface Body {
  required?: boolean;
  content?: Record<string, { schema: Schema }>;
}

export interface Reference {
  $ref: string;
}

/** The contract, or `undefined` where its file is missing. */
export function readContract(): Contract | undefined {
  if (!existsSync(FILE)) return undefined;
  // A test holds the document's version and paths; a field that is missing makes the check itself fail.
  return JSON.parse(readFileSync(FILE, "utf8")) as Contract;
}

/** Follows a reference within the document. */
export function resolve<T>(contract: Contract, part: T | Reference): T {
  if (typeof part !== "object" || part === null || !("$ref" in part)) return part;
  let found: unknown = contract;
  for (const step of part.$ref.slice("#/".length).split("/")) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  }
  if (found === undefined) throw new Error(`the contract refers to ${part.$ref}, which it does not have`);
  // The place of use says what the reference stands for.
  return resolve(contract, found as T);
}
