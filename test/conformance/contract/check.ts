import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { ChosenAnswers } from "../../../tools/harness/emulators.ts";
import { closed } from "./closed.ts";
import { CONTRACT_FAULTS, type ContractFault, DEVIATIONS, type Deviation } from "./deviations.ts";
import {
  type Body,
  type Contract,
  METHODS,
  type Operation,
  type Parameter,
  type PathItem,
  resolve,
  type Schema,
} from "./document.ts";

/** A request and its answer, as sent over the socket. */
export interface Exchange {
  behaviors: ChosenAnswers;
  method: string;
  /** Path and query. */
  url: string;
  userAgent: string | undefined;
  request: Message;
  status: number;
  answer: Message;
}

export interface Message {
  contentType: string | undefined;
  body: Buffer;
}

/** A place where an exchange differs from the contract. It names fields and types, never a value: bodies hold secrets. */
export interface Finding {
  side: "request" | "answer";
  /** `GET /v3/grants/{grantId}`, or the path as sent if the contract has no matching path. */
  endpoint: string;
  status: number;
  /** Pointer into the body, `query.limit`, or empty for the whole. */
  place: string;
  /** A JSON schema keyword, or `path`, `method`, `status`, `content-type`, `query`, `body`. */
  keyword: string;
  found: string;
}

export interface Checked {
  endpoint: string;
  requestChecked: boolean;
  /** By name of the listed deviation. */
  deviations: string[];
  violations: Finding[];
}

/** User agent of this package's client. Tests send invalid requests with other clients on purpose. */
const CLIENT = "pulumi-nylas-imap";
/** Schema for answers whose status the contract does not declare. */
const ERROR_CONTENT = { "application/json": { schema: { $ref: "#/components/schemas/400" } } };

/** Creates the function that validates exchanges against the contract. */
export function createCheck(
  published: Contract,
  deviations: readonly Deviation[] = DEVIATIONS,
  faults: readonly ContractFault[] = CONTRACT_FAULTS,
): (exchange: Exchange) => Checked {
  const contract = closed(published);
  for (const { mend } of faults) mend(contract);
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  formats.default(ajv);
  ajv.addFormat("url", (text: string) => URL.canParse(text));
  ajv.addFormat("binary", true);
  ajv.addSchema(contract, "contract");
  const compiled = new Map<Schema, ValidateFunction>();
  const templates = templatesOf(contract);

  return (exchange) => {
    const url = new URL(exchange.url, "http://emulator.invalid");
    const declared = findPath(contract, templates, url.pathname);
    const endpoint = `${exchange.method} ${declared?.template ?? url.pathname}`;
    const operation = declared === undefined ? undefined : operationOf(declared.item, exchange.method);
    const used = new Set<Deviation>();
    const violations: Finding[] = [];

    const requestChecked = exchange.userAgent === CLIENT;
    if (requestChecked) checkRequest();
    checkAnswer();
    return { endpoint, requestChecked, deviations: [...used].map(({ name }) => name), violations };

    function note(side: Finding["side"], keyword: string, place: string, found: string): Deviation | undefined {
      const finding: Finding = { side, endpoint, status: exchange.status, place, keyword, found };
      const deviation = deviations.find((candidate) => covers(candidate, finding, exchange));
      if (deviation === undefined) violations.push(finding);
      else used.add(deviation);
      return deviation;
    }

    function checkRequest(): void {
      if (declared === undefined) return void note("request", "path", "", "a path that the contract does not have");
      if (operation === undefined) return void note("request", "method", "", "a method that the path does not have");
      const parameters = [...(declared.item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
        resolve<Parameter>(contract, parameter),
      );
      const query = parameters.filter((parameter) => parameter.in === "query");
      for (const name of new Set(url.searchParams.keys())) {
        const known = query.find((parameter) => parameter.name === name);
        const values = url.searchParams.getAll(name);
        if (known === undefined)
          note("request", "query", `query.${name}`, "a parameter that the contract does not have");
        else if (values.length > 1) note("request", "query", `query.${name}`, "the parameter more than once");
        else
          validate(
            "request",
            known.schema,
            fromText(values[0] ?? "", resolve(contract, known.schema)),
            `query.${name}`,
          );
      }
      for (const { name, required } of query) {
        if (required && !url.searchParams.has(name)) note("request", "query", `query.${name}`, "nothing");
      }
      for (const { name, schema } of parameters.filter((parameter) => parameter.in === "path")) {
        validate("request", schema, declared.values[name] ?? "", `path.${name}`);
      }
      const body = operation.requestBody === undefined ? undefined : resolve<Body>(contract, operation.requestBody);
      if (exchange.request.body.length > 0 || body?.required) checkBody("request", body?.content, exchange.request);
    }

    function checkAnswer(): void {
      const refused = exchange.status >= 400;
      const undeclared = declared === undefined ? "path" : operation === undefined ? "method" : undefined;
      if (undeclared !== undefined) {
        note("answer", undeclared, "", `an answer where the contract has no such ${undeclared}`);
        if (refused) checkBody("answer", ERROR_CONTENT, exchange.answer);
        return;
      }
      const declaredAnswer = operation?.responses[String(exchange.status)];
      const deviation =
        declaredAnswer === undefined
          ? note("answer", "status", "", "a status that the contract does not declare here")
          : undefined;
      const answer = declaredAnswer ?? operation?.responses[deviation?.like ?? ""];
      if (answer === undefined) {
        if (refused) checkBody("answer", ERROR_CONTENT, exchange.answer);
        return;
      }
      const { content } = resolve<Body>(contract, answer);
      if (content !== undefined) checkBody("answer", content, exchange.answer);
    }

    function checkBody(side: Finding["side"], content: Body["content"], message: Message): void {
      const type = mediaType(message);
      const schema = content?.[type ?? ""]?.schema;
      if (message.body.length === 0) return void note(side, "body", "", "nothing");
      if (schema === undefined) return void note(side, "content-type", "", type ?? "nothing");
      let value: unknown;
      try {
        value = JSON.parse(message.body.toString("utf8"));
      } catch {
        return void note(side, "body", "", "a text that is not JSON");
      }
      validate(side, schema, value, "");
    }

    function validate(side: Finding["side"], schema: Schema, value: unknown, place: string): void {
      const valid = compile(schema);
      if (valid(value)) return;
      for (const error of telling(valid.errors ?? [])) {
        note(side, error.keyword, place + placeOf(error), describe(error, value));
      }
    }
  };

  /** Compiles a schema within the document, because its references are relative to the document. */
  function compile(schema: Schema): ValidateFunction {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const made = ajv.compile(absolute(schema));
    compiled.set(schema, made);
    return made;
  }
}

/** Describes each finding in one line, with the next step. */
export function explain({ side, endpoint, status, place, keyword, found }: Finding): string {
  const sender = side === "request" ? "request of the client" : "answer of the emulator";
  return `${endpoint} → ${status}: ${sender}, ${place === "" ? "as a whole" : place}: ${keyword}: found ${found}`;
}

function covers(deviation: Deviation, finding: Finding, { answer, behaviors: chosen }: Exchange): boolean {
  const { side, endpoint, status, place, keyword } = finding;
  return (
    deviation.side === side &&
    deviation.keyword === keyword &&
    (deviation.behaviors === undefined ||
      deviation.behaviors.some(({ name, value }) => isChosen(chosen[name], value))) &&
    (deviation.endpoints === "all" || deviation.endpoints.includes(endpoint)) &&
    (deviation.statuses === undefined || deviation.statuses.includes(status)) &&
    (deviation.contentType === undefined || deviation.contentType === mediaType(answer)) &&
    (deviation.places ?? [""]).includes(place)
  );
}

/** The content type without parameters. */
function mediaType({ contentType }: Message): string | undefined {
  return contentType?.split(";")[0]?.trim().toLowerCase();
}

/** The chosen value of a behavior, or its default. */
function isChosen(chosen: string | undefined, value: string | undefined): boolean {
  return chosen !== undefined && (value === undefined || chosen === value);
}

interface Declared {
  template: string;
  item: PathItem;
  values: Record<string, string>;
}

/** A path of the contract, taken apart once: a run of the suite looks up a hundred thousand paths. */
interface Template {
  template: string;
  steps: readonly { text: string; parameter: string | undefined }[];
}

function templatesOf(contract: Contract): Template[] {
  return [...Object.keys(contract.paths), ...Object.keys(contract.others)].map((template) => ({
    template,
    steps: template.split("/").map((text) => ({ text, parameter: /^\{(.+)\}$/.exec(text)?.[1] })),
  }));
}

/** If several templates match, `/messages/send` takes precedence over `/messages/{message_id}`. */
function findPath(contract: Contract, templates: readonly Template[], path: string): Declared | undefined {
  const given = path.split("/");
  const fitting = templates.flatMap(({ template, steps }) => {
    const values = valuesIn(steps, given);
    return values === undefined ? [] : [{ template, values }];
  });
  const [found] = fitting.toSorted((left, right) => Object.keys(left.values).length - Object.keys(right.values).length);
  const item = contract.paths[found?.template ?? ""];
  return found === undefined || item === undefined ? undefined : { ...found, item };
}

/** The path's parameters, or `undefined` if the template does not match. */
function valuesIn(steps: Template["steps"], given: readonly string[]): Record<string, string> | undefined {
  if (steps.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  const fits = steps.every(({ text, parameter }, index) => {
    const step = given[index] ?? "";
    if (parameter === undefined) return text === step;
    values[parameter] = decoded(step);
    return step !== "";
  });
  return fits ? values : undefined;
}

/** Returns malformed text unchanged: its schema then reports it, and the check does not crash. */
function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function operationOf(item: PathItem, method: string): Operation | undefined {
  const name = METHODS.find((known) => known === method.toLowerCase());
  return name === undefined ? undefined : item[name];
}

/** Converts a parameter's text to its declared type. Text that cannot be converted stays text and fails the schema. */
function fromText(text: string, { type }: Schema): unknown {
  if ((type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** Rewrites a schema's references to point into the document. */
function absolute(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"contract#/'));
}

/**
 * For a failing `oneOf` or `anyOf`, ajv reports the errors of every variant. Drops errors of variants for another provider or
 * grant type, and the error about unknown properties, which is meaningless while no variant matches.
 */
function telling(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === "oneOf" || keyword === "anyOf");
  const others = new Set(
    errors.filter(({ keyword }) => keyword === "enum").flatMap(({ schemaPath }) => variantOf(schemaPath) ?? []),
  );
  const kept = errors.filter(({ keyword, instancePath, schemaPath }) => {
    const variant = variantOf(schemaPath);
    if (variant !== undefined && others.has(variant)) return false;
    return keyword !== "unevaluatedProperties" || !choices.some((choice) => choice.instancePath === instancePath);
  });
  const inside = kept.some((error) => variantOf(error.schemaPath) !== undefined);
  return inside ? kept.filter((error) => !choices.includes(error)) : kept;
}

function variantOf(schemaPath: string): string | undefined {
  return /^.*\/(?:oneOf|anyOf)\/\d+\//.exec(schemaPath)?.[0];
}

/** Replaces list indexes with `*`, so that equal findings of several items become one. */
function placeOf({ instancePath, keyword, params }: ErrorObject): string {
  const place = instancePath.replaceAll(/\/\d+(?=\/|$)/g, "/*");
  const property: unknown = params.unevaluatedProperty ?? params.additionalProperty ?? params.missingProperty;
  const named = ["unevaluatedProperties", "additionalProperties", "required"].includes(keyword);
  return named ? `${place}/${String(property)}` : place;
}

function describe({ instancePath, keyword, params }: ErrorObject, value: unknown): string {
  if (keyword === "required") return "nothing";
  const wanted = keyword === "type" || keyword === "format" ? ` instead of ${String(params[keyword])}` : "";
  if (keyword === "unevaluatedProperties" || keyword === "additionalProperties") {
    return "a field that the contract does not have";
  }
  let found = value;
  for (const step of instancePath.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  }
  const type = found === null ? "null" : Array.isArray(found) ? "array" : typeof found;
  return `a value of type ${type}${wanted}`;
}
