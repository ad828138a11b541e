import { type Contract, METHODS, type Parameter, type PathItem, type Schema } from "./document.ts";

/** Extracts the checkable facts of an OpenAPI document: names, types and bounds, without prose. */

/** Paths that the emulator plays, as in the document. For all other paths, the facts contain only the methods. */
export const DESCRIBED_PATHS: readonly string[] = [
  "/v3/applications",
  "/v3/connectors",
  "/v3/connectors/{provider}",
  "/v3/providers/detect",
  "/v3/connect/auth",
  "/v3/connect/token",
  "/v3/connect/custom",
  "/v3/connect/revoke",
  "/v3/connect/tokeninfo",
  "/v3/grants",
  "/v3/grants/me",
  "/v3/grants/{grantId}",
  "/v3/grants/{grant_id}/messages",
  "/v3/grants/{grant_id}/messages/send",
  "/v3/grants/{grant_id}/messages/{message_id}",
  "/v3/grants/{grant_id}/folders",
  "/v3/grants/{grant_id}/folders/{folder_id}",
];

/** JSON schema keywords whose value is a fact. */
const VALUES = [
  "$ref",
  "type",
  "nullable",
  "format",
  "enum",
  "const",
  "pattern",
  "required",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
];
/** Keywords whose value is a schema or a boolean, a list of schemas, or schemas by property. */
const SINGLE = ["items", "additionalProperties", "not"];
const LISTS = ["allOf", "anyOf", "oneOf"];
const BY_NAME = ["properties", "patternProperties"];

type Json = Record<string, unknown>;

/** Deterministic: keeps the document's order. */
export function factsOf(document: unknown, source: Omit<Contract["source"], "version">): Contract {
  const { openapi, info, paths, components } = parts(document);
  const absent = DESCRIBED_PATHS.filter((path) => !(path in paths));
  if (absent.length > 0) throw new Error(`the document does not have ${absent.join(", ")}`);
  const described = Object.fromEntries(DESCRIBED_PATHS.map((path) => [path, pathItem(object(paths[path]))]));
  return {
    source: { ...source, version: text(info.version) },
    openapi: text(openapi),
    paths: described,
    components: referenced(components, described),
    others: Object.fromEntries(
      Object.entries(paths)
        .filter(([path]) => !DESCRIBED_PATHS.includes(path))
        .map(([path, item]) => [path, METHODS.filter((method) => method in object(item))]),
    ),
  };
}

/** The components that the paths refer to, directly or through others. */
function referenced(components: Json, paths: Contract["paths"]): Contract["components"] {
  const found: Record<string, Json> = { schemas: {} };
  const waiting = referencesIn(paths);
  for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
    const [, section = "", name = ""] = /^#\/components\/([^/]+)\/([^/]+)$/.exec(reference) ?? [];
    const known = found[section]?.[name];
    if (known !== undefined) continue;
    const fact = componentOf(section, object(object(components[section])[name]));
    found[section] = { ...found[section], [name]: fact };
    waiting.push(...referencesIn(fact));
  }
  const ordered = Object.entries(components).flatMap(([section, all]) => {
    const kept = Object.keys(object(all)).filter((name) => found[section]?.[name] !== undefined);
    return kept.length === 0 ? [] : [[section, Object.fromEntries(kept.map((name) => [name, found[section]?.[name]]))]];
  });
  // Each section was built above by the function for its type.
  return Object.fromEntries(ordered) as Contract["components"];
}

function componentOf(section: string, component: Json): Json {
  if (section === "schemas") return schema(component);
  if (section === "parameters") return { ...parameter(component) };
  if (section === "responses" || section === "requestBodies") return body(component);
  throw new Error(`the document refers to a component of a kind that is not known here: ${section}`);
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  const own = typeof value.$ref === "string" ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
}

function pathItem(item: Json): PathItem {
  const operations = METHODS.filter((method) => method in item).map((method) => {
    const operation = object(item[method]);
    return [
      method,
      {
        ...parameters(operation),
        ...("requestBody" in operation ? { requestBody: body(object(operation.requestBody)) } : {}),
        responses: Object.fromEntries(
          Object.entries(object(operation.responses)).map(([status, answer]) => [status, body(object(answer))]),
        ),
      },
    ];
  });
  return { ...parameters(item), ...Object.fromEntries(operations) };
}

function parameters(owner: Json): Pick<PathItem, "parameters"> {
  if (!("parameters" in owner)) return {};
  return { parameters: list(owner.parameters).map((one) => parameter(object(one))) };
}

function parameter(given: Json): Parameter {
  const fact = "$ref" in given ? pick(given, ["$ref"]) : pick(given, ["name", "in", "required"]);
  // A reference or an OpenAPI parameter.
  return { ...fact, ...("schema" in given ? { schema: schema(object(given.schema)) } : {}) } as Parameter;
}

/** A request body or a response: a reference, or schemas by content type. */
function body(given: Json): Json {
  if ("$ref" in given) return pick(given, ["$ref"]);
  const content = Object.entries(object(given.content ?? {})).map(([type, media]) => {
    const { schema: shape } = object(media);
    return [type, shape === undefined ? {} : { schema: schema(object(shape)) }];
  });
  return { ...pick(given, ["required"]), ...(content.length > 0 ? { content: Object.fromEntries(content) } : {}) };
}

function schema(given: Json): Schema {
  const facts = Object.entries(given).flatMap(([keyword, value]): [string, unknown][] => {
    if (VALUES.includes(keyword)) return [[keyword, value]];
    if (SINGLE.includes(keyword)) return [[keyword, isObject(value) ? schema(value) : value]];
    if (LISTS.includes(keyword)) return [[keyword, list(value).map((part) => schema(object(part)))]];
    if (!BY_NAME.includes(keyword)) return [];
    const named = Object.entries(object(value)).map(([name, part]) => [name, schema(object(part))]);
    return [[keyword, Object.fromEntries(named)]];
  });
  return Object.fromEntries(facts);
}

function pick(given: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => name in given).map((name) => [name, given[name]]));
}

function parts(document: unknown): { openapi: unknown; info: Json; paths: Json; components: Json } {
  const { openapi, info, paths, components } = object(document);
  return { openapi, info: object(info), paths: object(paths), components: object(components) };
}

function object(value: unknown): Json {
  if (!isObject(value)) throw new Error("the document has something else where OpenAPI demands an object");
  return value;
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error("the document has something else where OpenAPI demands a list");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Error("the document has something else where OpenAPI demands a text");
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
