/**
 * Makes the schema of the native provider, from which Pulumi generates SDKs: names, types, defaults and descriptions from the public
 * types and their doc comments, secrets from the property tables, and settings from docs/configuration.md.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DeclarationReflection, type ProjectReflection, ReflectionKind, type SomeType } from "typedoc";
import type { PropertyTable } from "../../provider/dist/core/properties/table.js";
import { FUNCTIONS } from "../../provider/dist/hosts/plugin/functions.js";
import { RESOURCES } from "../../provider/dist/hosts/plugin/resources.js";
import { repositoryDirectory } from "../setup/paths.mjs";

/** The interfaces of each resource's arguments. */
const ARGUMENTS: Readonly<Record<string, string[]>> = {
  ImapConnector: ["ImapConnectorArgs"],
  ByoImapGrant: ["MailboxSettings", "ByoImapGrantSettings"],
};
/** The arguments of `listGrants` that filter the list of a resource. */
const FILTERS: Readonly<Record<string, string[]>> = { ByoImapGrant: ["status"] };
/** Names for results that are no objects, as the protocol wants them. */
const RESULTS: Readonly<Record<string, string>> = { listGrants: "grants", hostedAuthUrl: "url" };
/** The types of the settings that are no text. */
const SETTINGS = { allowHttp: "boolean", requestsPerSecond: "number", timeoutSeconds: "number" };
/** The resource that has the programs of examples/, by Pulumi's names of their languages. A generator leaves out other languages. */
const EXEMPLIFIED = "ByoImapGrant";
const PROGRAMS = { yaml: "yaml/Pulumi.yaml", python: "python/__main__.py", go: "go/main.go" };
/** Nylas may add words to it. */
const OPEN = "status";
/** Another mailbox replaces the grant. Another spelling does not, which `replaceOnChanges` would. */
const REPLACING = "imapUsername";

export function schemaOf(project: ProjectReflection): object {
  const types: Record<string, object> = {};
  const file = (path: string) => readFileSync(join(repositoryDirectory, path), "utf8");

  function symbol(name: string): DeclarationReflection {
    const exported = project.getReflectionsByKind(ReflectionKind.SomeExport);
    const found = exported.find((each) => each.name === name && each.parent?.kind === ReflectionKind.Module);
    if (!found?.isDeclaration()) throw new Error(`The package does not export ${name}, which its schema describes.`);
    return found;
  }

  /** The members of the objects that a type allows. */
  function objectsOf(type: SomeType | undefined): DeclarationReflection[][] {
    if (type?.type === "union") return type.types.flatMap(objectsOf);
    if (type?.type === "reflection") return [type.declaration.children ?? []];
    if (type?.type !== "reference") return [];
    const { children, type: alias } = symbol(type.name);
    return children === undefined ? objectsOf(alias) : [children];
  }

  function named(name: string, type: object): object {
    types[`nylas:index:${name}`] = type;
    return { $ref: `#/types/nylas:index:${name}` };
  }

  function typeOf(given: SomeType | undefined, name: string): object {
    const type = unwrapped(given);
    if (type?.type === "intrinsic") return { type: name.endsWith("Port") ? "integer" : type.name };
    if (type?.type === "array") return { type: "array", items: typeOf(type.elementType, name) };
    if (type?.type === "reference") {
      const [alias, objects] = [symbol(type.name), objectsOf(type)];
      if (objects.length === 0) return typeOf(alias.type, type.name);
      const note = objects.length > 1 ? " Exactly one is given." : "";
      return named(type.name, { ...described(alias, note), ...objectOf(objects) });
    }
    if (type?.type !== "union") throw new Error(`The schema has no type for ${name}, which is ${type}.`);
    const members = type.types.filter((each) => !["undefined", "ImapConnector"].includes(each.toString()));
    const words = members.flatMap((each) => (each.type === "literal" ? [each.value] : []));
    if (members.length === 1) return typeOf(members[0], name);
    if (words.includes(true)) return { type: "boolean" };
    if (words.length === 0) return { oneOf: members.map((each) => typeOf(each, name)) };
    if (words.length < members.length || name === OPEN) return { type: "string" };
    return named(capital(name), { type: "string", enum: words.map((value) => ({ value })) });
  }

  /** What only some of the alternatives have is optional. */
  function objectOf([members = [], ...others]: DeclarationReflection[][], table: PropertyTable = {}) {
    // The settings of a provider say which application it is.
    const isShown = ({ name, type }: DeclarationReflection) => name !== "application" && String(type) !== "undefined";
    const shown = [members, ...others].flat().filter(isShown);
    const required = others.length > 0 ? [] : shown.filter((each) => !isOptional(each)).map(({ name }) => name);
    const properties = shown.map((member) => [member.name, propertyOf(member, table)]);
    return { type: "object", properties: Object.fromEntries(properties), required };
  }

  function propertyOf(member: DeclarationReflection, table: PropertyTable): object {
    const { name, comment, type } = member;
    const tag = comment?.blockTags.find((each) => each.tag === "@default")?.content;
    const value = tag?.map(({ text }) => text.replaceAll(/```(ts)?|\n/g, "")).join("");
    const isConstant = value !== undefined && /^("\w+"|true|false|\d+)$/.test(value);
    return {
      ...typeOf(type, name),
      ...described(member, value === undefined || isConstant ? "" : ` Default: ${value}.`),
      ...(isConstant ? { default: JSON.parse(value) } : {}),
      ...(table[name]?.secret === true ? { secret: true } : {}),
      ...(name === REPLACING && name in table ? { willReplaceOnChanges: true } : {}),
    };
  }

  const programs = Object.entries(PROGRAMS).map(([language, path]) => {
    return `\`\`\`${language}\n${file(`examples/${path}`)}\`\`\``;
  });
  const [start, end] = ["{{% examples %}}\n## Example Usage\n{{% example %}}", "{{% /example %}}\n{{% /examples %}}"];
  const examples = ["", start, ...programs, end].join("\n\n");
  const resources = Object.entries(RESOURCES).map(([token, { lifecycle }]) => {
    const name = nameOf(token);
    const membersOf = (each: string) => symbol(each).children ?? [];
    const inputs = objectOf([(ARGUMENTS[name] ?? []).flatMap(membersOf)], lifecycle.properties);
    const { properties: inputProperties, required: requiredInputs } = inputs;
    const outputs = objectOf([membersOf(name).filter(({ kind }) => kind === ReflectionKind.Property)]);
    const listInputs = objectOf([membersOf("ListGrantsArgs").filter((each) => FILTERS[name]?.includes(each.name))]);
    const aliases = [{ type: `pulumi-nodejs:dynamic/nylas:${name}` }];
    const documented = described(symbol(name), name === EXEMPLIFIED ? examples : "");
    return [token, { ...documented, inputProperties, requiredInputs, ...outputs, listInputs, aliases }];
  });
  const functions = Object.keys(FUNCTIONS).map((token) => {
    const [signature] = symbol(nameOf(token)).signatures ?? [];
    const args = signature?.parameters?.find((each) => each.name === "args")?.type;
    const [type, result] = [unwrapped(signature?.type), RESULTS[nameOf(token)]];
    const single = (name: string) => ({ type: "object", properties: { [name]: typeOf(type, name) }, required: [name] });
    const outputs = result === undefined ? objectOf(objectsOf(type)) : single(result);
    return [token, { ...described(signature), inputs: objectOf(objectsOf(args)), outputs }];
  });
  const rows = file("docs/configuration.md").matchAll(/^\| `nylas:(\w+)`(.*?) \|.*\| ([^|]+) \|$/gm);
  const settings = [...rows].map(([, name = "", note, meaning = ""]) => {
    const type = new Map(Object.entries(SETTINGS)).get(name) ?? "string";
    return [name, { type, description: `${capital(meaning)}.`, ...(note === "" ? {} : { secret: true }) }];
  });
  const variables = Object.fromEntries(settings);
  const { description, homepage, license } = JSON.parse(file("provider/package.json"));
  const [repository = ""] = homepage.split("#");
  const language = {
    nodejs: { packageName: "pulumi-nylas", respectSchemaVersion: true },
    python: { packageName: "pulumi_nylas", respectSchemaVersion: true, pyproject: { enabled: true } },
    go: { importBasePath: `${repository.replace("https://", "")}/sdk/go/nylas`, respectSchemaVersion: true },
    csharp: { rootNamespace: "Pulumi", respectSchemaVersion: true },
    java: { basePackage: "com.pulumi", buildFiles: "gradle" },
  };
  const about = { name: "nylas", displayName: "Nylas IMAP", description, homepage, license, repository };
  const provider = { description: "The settings of one Nylas application.", inputProperties: variables };
  const members = { resources: Object.fromEntries(resources), functions: Object.fromEntries(functions), types };
  return { ...about, language, config: { variables }, provider, ...members };
}

function nameOf(token: string): string {
  return token.replace("nylas:index:", "");
}

function capital(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** What an `Input`, `Output` or `Promise` is of. */
function unwrapped(type: SomeType | undefined): SomeType | undefined {
  const wraps = type?.type === "reference" && (type.package === "@pulumi/pulumi" || type.name === "Promise");
  return wraps ? unwrapped(type.typeArguments?.[0]) : type;
}

function isOptional({ flags, type }: DeclarationReflection): boolean {
  return flags.isOptional || String(type).includes("undefined");
}

/** The text of a doc comment, without examples, which are of one language. */
function described(documented: Pick<DeclarationReflection, "comment"> | undefined, more = ""): object {
  const parts = (documented?.comment?.summary ?? []).filter(({ text }) => !text.startsWith("```"));
  const texts = parts.map(({ kind, text }) => (kind === "inline-tag" ? `\`${text}\`` : text));
  const description = texts.join("").replaceAll(/\s+/g, " ").trim() + more;
  return description === "" ? {} : { description };
}
