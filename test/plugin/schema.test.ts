import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CONNECTOR_DEFAULTS } from "../../provider/src/core/connector/properties.js";
import { GRANT_DEFAULTS } from "../../provider/src/core/grant/properties.js";
import { publicNames, secretNames } from "../../provider/src/core/properties/validate.js";
import { pick, type Values } from "../../provider/src/core/properties/values.js";
import { nodeProcess } from "../../provider/src/hosts/node-process.js";
import { FUNCTIONS } from "../../provider/src/hosts/plugin/functions.js";
import { RESOURCES } from "../../provider/src/hosts/plugin/resources.js";
import { SETTING_NAMES } from "../../provider/src/settings.js";
import { pulumiEnvironment } from "../../scripts/setup/environment.mjs";

const PLUGIN = join(import.meta.dirname, "../../provider/plugin/pulumi-resource-nylas");
const TIMEOUT_MS = 60_000;

interface Property {
  $ref?: string;
  type?: string;
  description?: string;
  default?: unknown;
  secret?: boolean;
}

interface ObjectType {
  properties: Record<string, Property>;
  required?: string[];
}

interface Resource extends ObjectType {
  inputProperties: Record<string, Property>;
  requiredInputs?: string[];
}

interface Schema {
  version: string;
  config: { variables: Record<string, Property> };
  types: Record<string, { enum?: { value: string }[] }>;
  provider: { inputProperties: Record<string, Property> };
  resources: Record<string, Resource>;
  functions: Record<string, { inputs?: ObjectType; outputs: ObjectType }>;
}

const host = nodeProcess(() => undefined);
const DEFAULTS: Readonly<Record<string, Values>> = {
  "nylas:index:ImapConnector": CONNECTOR_DEFAULTS,
  "nylas:index:ByoImapGrant": GRANT_DEFAULTS,
};

/** The least that can be declared. */
const DECLARED: Readonly<Record<string, Values>> = {
  "nylas:index:ImapConnector": {},
  "nylas:index:ByoImapGrant": {
    imapUsername: "ops@example.com",
    imapPassword: "x",
    imapHost: "imap.example.com",
    receiveOnly: true,
  },
};

/** As the engine reads it from the running plugin. */
const schema: Schema = JSON.parse(pulumi("package", "get-schema", PLUGIN));
const tokens = Object.keys(RESOURCES);

function pulumi(...args: string[]): string {
  return execFileSync("pulumi", args, { env: pulumiEnvironment(), encoding: "utf8", timeout: TIMEOUT_MS });
}

/** The names of these that have a property. */
function namesWith(properties: Record<string, Property>, has: (property: Property) => boolean): string[] {
  return Object.keys(properties).filter((name) => has(properties[name] ?? {}));
}

it("Pulumi finds no fault with the schema that the plugin serves", () => {
  expect(() => pulumi("schema", "check", PLUGIN)).not.toThrow();
  expect(Object.keys(schema.resources).toSorted()).toEqual(tokens.toSorted());
});

it.each(tokens)("%s has every argument of its table, and says what each means", (token) => {
  const { lifecycle } = RESOURCES[token] ?? expect.unreachable();
  const { inputProperties = {}, requiredInputs = [] } = schema.resources[token] ?? {};
  const table = Object.entries(lifecycle.properties);
  // The settings of the provider say which application it is.
  const names = publicNames(lifecycle.properties).filter((name) => name !== "application");
  expect(Object.keys(inputProperties).toSorted()).toEqual(names.toSorted());
  expect(namesWith(inputProperties, ({ description }) => description === undefined)).toEqual([]);
  expect(requiredInputs).toEqual(table.flatMap(([name, { required }]) => (required === true ? [name] : [])));
  expect(namesWith(inputProperties, ({ secret }) => secret === true)).toEqual(
    secretNames(lifecycle.properties).filter((name) => names.includes(name)),
  );
});

it.each(tokens)("the defaults that SDKs fill in for %s are those of the provider, and pass its check", (token) => {
  const { lifecycle } = RESOURCES[token] ?? expect.unreachable();
  const { inputProperties = {} } = schema.resources[token] ?? {};
  const filledIn = Object.fromEntries(
    Object.entries(inputProperties).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const { inputs } = lifecycle.check(host, {}, {});
  const names = Object.keys(inputProperties);
  expect(filledIn).toEqual(pick({ ...DEFAULTS[token], ...inputs }, names));
  const { failures } = lifecycle.check(host, { ...filledIn, ...DECLARED[token] }, {});
  expect(failures).toEqual([]);
});

it.each(tokens)("%s has every output, and none that is secret", (token) => {
  const { properties = {}, required = [] } = schema.resources[token] ?? {};
  const outputs = RESOURCES[token]?.outputs ?? expect.unreachable();
  expect(Object.keys(properties)).toEqual(expect.arrayContaining([...outputs]));
  expect(required).toEqual(expect.arrayContaining([...outputs]));
  expect(Object.keys(properties).filter((name) => /password$/i.test(name))).toEqual([]);
});

it.each(tokens)("%s takes each word of its lists, and no other", (token) => {
  const { lifecycle } = RESOURCES[token] ?? expect.unreachable();
  const { inputProperties = {} } = schema.resources[token] ?? {};
  for (const [name, { $ref = "" }] of Object.entries(inputProperties)) {
    const words = schema.types[$ref.replace("#/types/", "")]?.enum;
    if (words === undefined) continue;
    const refused = (value: string) =>
      lifecycle.check(host, { [name]: value }, {}).failures.filter(({ property }) => property === name);
    expect(words.flatMap(({ value }) => refused(value))).toEqual([]);
    expect(refused("another")).toHaveLength(1);
  }
});

it("the schema has the functions that the plugin answers, with their arguments", async () => {
  expect(Object.keys(schema.functions).toSorted()).toEqual(Object.keys(FUNCTIONS).toSorted());
  for (const [token, work] of Object.entries(FUNCTIONS)) {
    const { properties = {}, required = [] } = schema.functions[token]?.inputs ?? {};
    // No name is near this one, so that the refusal lists all of them.
    const answer = await work(host, { zzzzzzzzzzzzzzzz: true });
    const reasons = "failures" in answer ? answer.failures.map(({ reason }) => reason) : expect.unreachable();
    const listed =
      reasons[0]
        ?.split("the arguments are ")[1]
        ?.split(", ")
        .filter((name) => name !== "") ?? [];
    expect(Object.keys(properties).toSorted(), token).toEqual(listed.toSorted());
    expect(reasons.slice(1), token).toEqual(required.map((name) => `${name} is required`));
  }
});

it("a provider has every setting, of which the key is secret", () => {
  for (const settings of [schema.provider.inputProperties, schema.config.variables]) {
    expect(Object.keys(settings).toSorted()).toEqual([...SETTING_NAMES].toSorted());
    expect(namesWith(settings, ({ secret }) => secret === true)).toEqual(["apiKey"]);
  }
});
