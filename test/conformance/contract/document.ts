import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The facts of Nylas's published contract, made by make-facts.ts. */
export const FACTS_FILE = join(import.meta.dirname, "nylas-contract.json");

/** The part of an OpenAPI document that the check reads. */
export interface Contract {
  /** Where the document is published, `info.version`, and the day on which it was taken from there. */
  source: { address: string; version: string; date: string };
  openapi: string;
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, Schema> };
  /** Nylas's other paths, with their methods: the emulator does not play them. */
  others: Record<string, readonly Method[]>;
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

export function readContract(): Contract {
  // A test checks the document's version and paths. A missing field makes the check itself fail.
  return JSON.parse(readFileSync(FACTS_FILE, "utf8")) as Contract;
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
  // The caller knows the type of the referenced component.
  return resolve(contract, found as T);
}
