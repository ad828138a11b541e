import type { Contract, Schema } from "./document.ts";

/** Keywords whose value is one schema, a list of schemas, or schemas by name. */
const SINGLE = ["items", "additionalProperties"];
const LISTS = ["allOf", "anyOf", "oneOf"];

/**
 * Copies a schema and forbids additional properties in every object that names its properties. The contract leaves most objects
 * open, which would accept fields that the emulator invents. Objects without named properties stay open.
 */
export function closed(contract: Contract): Contract {
  const copy = structuredClone(contract);
  const parts = new Set<unknown>();
  visit(copy, (schema) => {
    for (const list of LISTS) for (const part of partsOf(schema, list)) parts.add(part.$ref ?? part);
  });
  visit(copy, (schema, place) => {
    // Close a composition as a whole: its parts do not know each other's properties.
    if (parts.has(schema) || parts.has(place)) return;
    const composed = LISTS.some((list) => list in schema);
    if ((composed || "properties" in schema) && !("additionalProperties" in schema)) {
      schema.unevaluatedProperties = false;
    }
  });
  return copy;
}

type Visitor = (schema: Schema, place: string) => void;

function visit(contract: Contract, see: Visitor): void {
  for (const [name, schema] of Object.entries(contract.components.schemas)) {
    visitSchema(schema, see, `#/components/schemas/${name}`);
  }
  visitDocument(contract, see);
}

/** Key of the schema in bodies and parameters. */
function visitDocument(node: unknown, see: Visitor): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "schema") visitSchema(value, see, "");
    else if (key !== "schemas") visitDocument(value, see);
  }
}

function visitSchema(node: unknown, see: Visitor, place: string): void {
  if (!isSchema(node)) return;
  see(node, place);
  for (const key of SINGLE) visitSchema(node[key], see, "");
  for (const key of LISTS) for (const part of partsOf(node, key)) visitSchema(part, see, "");
  if (isSchema(node.properties)) for (const part of Object.values(node.properties)) visitSchema(part, see, "");
}

function partsOf(schema: Schema, list: string): Schema[] {
  const parts = schema[list];
  return Array.isArray(parts) ? parts.filter(isSchema) : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
