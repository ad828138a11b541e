/**
 * Makes the schema of the native provider, from which Pulumi generates SDKs: names, types, defaults and descriptions from the public
 * types and their doc comments, secrets from the property tables, and settings from docs/configuration.md.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DeclarationReflection, type ProjectReflection, ReflectionKind, type SomeType } from "typedoc";
import { TABLE as CONNECTOR } from "../../provider/dist/core/connector/properties.js";
import { TABLE as GRANT } from "../../provider/dist/core/grant/properties.js";
import type { PropertyTable } from "../../provider/dist/core/properties/table.js";
import { repositoryDirectory } from "../setup/paths.mjs";

type Documented = Pick<DeclarationReflection, "comment">;

/** The interfaces of a resource's arguments, and the table that has each argument. */
const RESOURCES: Readonly<Record<string, [table: PropertyTable, ...interfaces: string[]]>> = {
  ImapConnector: [CONNECTOR, "ImapConnectorArgs"],
  ByoImapGrant: [GRANT, "MailboxSettings", "ByoImapGrantSettings"],
};
const FUNCTIONS = [
  "getApplication",
  "getConnector",
  "getGrant",
  "listGrants",
  "detectProvider",
  "hostedAuthUrl",
  "exchangeCode",
];
/** Names for results that are no objects, as the protocol wants them. */
const RESULTS: Readonly<Record<string, string>> = { listGrants: "grants", hostedAuthUrl: "url" };
/** The settings that are no text. */
const SETTINGS: Readonly<Record<string, object>> = {
  region: { $ref: "#/types/nylas:index:Region" },
  allowHttp: { type: "boolean" },
  requestsPerSecond: { type: "number" },
  timeoutSeconds: { type: "number" },
};
/** Nylas may add words to it. */
const OPEN = "status";
const INTEGERS = ["imapPort", "smtpPort"];
/** Has its default only beside `smtpHost`, so that no SDK may fill it in. */
const CONDITIONAL = "smtpPort";
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
    if (type?.type !== "reference" || type.package === "@pulumi/pulumi") return [];
    const { children, type: alias } = symbol(type.name);
    return children === undefined ? objectsOf(alias) : [children];
  }

  function named(name: string, type: object): object {
    types[`nylas:index:${name}`] = type;
    return { $ref: `#/types/nylas:index:${name}` };
  }

  function typeOf(type: SomeType | undefined, name: string): object {
    if (type?.type === "intrinsic") return { type: INTEGERS.includes(name) ? "integer" : type.name };
    if (type?.type === "array") return { type: "array", items: typeOf(type.elementType, name) };
    if (type?.type === "reference" && type.package === "@pulumi/pulumi") return typeOf(type.typeArguments?.[0], name);
    if (type?.type === "reference") {
      const [alias, objects] = [symbol(type.name), objectsOf(type)];
      return objects.length > 0
        ? named(type.name, {
            ...described(alias, objects.length > 1 ? " Exactly one is given." : ""),
            ...objectOf(objects),
          })
        : typeOf(alias.type, type.name);
    }
    if (type?.type !== "union") throw new Error(`The schema has no type for ${name}, which is ${type}.`);
    const members = type.types.filter((each) => !["undefined", "ImapConnector"].includes(each.toString()));
    const words = members.flatMap((each) => (each.type === "literal" ? [each.value] : []));
    if (members.length === 1) return typeOf(members[0], name);
    if (words.includes(true)) return { type: "boolean" };
    const isOpen = words.length < members.length;
    if (words.length > 0 && (isOpen || name === OPEN)) return { type: "string" };
    if (isOpen) return { oneOf: members.map((each) => typeOf(each, name)) };
    const title = name.replace(/^./, (letter) => letter.toUpperCase());
    return named(title, { type: "string", enum: words.map((value) => ({ value })) });
  }

  /** What only some of the alternatives have is optional. */
  function objectOf(alternatives: DeclarationReflection[][], table: PropertyTable = {}) {
    // The settings of a provider say which application it is.
    const members = alternatives
      .flat()
      .filter(({ name, type }) => name !== "application" && String(type) !== "undefined");
    const required =
      alternatives.length > 1 ? [] : members.filter((member) => !isOptional(member)).map(({ name }) => name);
    const properties = members.map((member) => [member.name, propertyOf(member, table)]);
    return { type: "object", properties: Object.fromEntries(properties), required };
  }

  function propertyOf(member: DeclarationReflection, table: PropertyTable): object {
    const { name, comment, type } = member;
    const tag = comment?.blockTags.find((each) => each.tag === "@default")?.content;
    const value = tag?.map(({ text }) => text.replaceAll(/```(ts)?|\n/g, "")).join("");
    const isConstant = name !== CONDITIONAL && value !== undefined && /^("\w+"|true|false|\d+)$/.test(value);
    return {
      ...typeOf(type, name),
      ...described(member, value === undefined || isConstant ? "" : ` Default: ${value}.`),
      ...(isConstant ? { default: JSON.parse(value) } : {}),
      ...(table[name]?.secret === true ? { secret: true } : {}),
      ...(name === REPLACING && name in table ? { willReplaceOnChanges: true } : {}),
    };
  }

  function resource([name, [table, ...interfaces]]: [string, [PropertyTable, ...string[]]]): [string, object] {
    const inputs = objectOf([interfaces.flatMap((each) => symbol(each).children ?? [])], table);
    const outputs = (symbol(name).children ?? []).filter(({ kind }) => kind === ReflectionKind.Property);
    const filters = table === GRANT ? symbol("ListGrantsArgs").children?.filter((each) => each.name === "status") : [];
    const spec = {
      ...described(symbol(name)),
      inputProperties: inputs.properties,
      requiredInputs: inputs.required,
      ...objectOf([outputs]),
      listInputs: objectOf([filters ?? []]),
      aliases: [{ type: `pulumi-nodejs:dynamic/nylas:${name}` }],
    };
    return [`nylas:index:${name}`, spec];
  }

  function lookUp(name: string): [string, object] {
    const [signature] = symbol(name).signatures ?? [];
    const args = signature?.parameters?.find((each) => each.name === "args")?.type;
    const type =
      signature?.type?.type === "reference" && signature.type.name === "Promise"
        ? signature.type.typeArguments?.[0]
        : signature?.type;
    const result = RESULTS[name];
    const outputs =
      result === undefined
        ? objectOf(objectsOf(type))
        : { type: "object", properties: { [result]: typeOf(type, result) }, required: [result] };
    return [`nylas:index:${name}`, { ...described(signature), inputs: objectOf(objectsOf(args)), outputs }];
  }

  typeOf(symbol("Region").type, "Region");
  const rows = file("docs/configuration.md").matchAll(/^\| `nylas:(\w+)`(.*?) \|.*\| ([^|]+) \|$/gm);
  const settings = [...rows].map(([, name = "", note, meaning = ""]) => {
    const description = `${meaning.replace(/^[a-z]/, (letter) => letter.toUpperCase())}.`;
    return [
      name,
      { ...(SETTINGS[name] ?? { type: "string" }), description, ...(note === " (secret)" ? { secret: true } : {}) },
    ];
  });
  const variables = Object.fromEntries(settings);
  const { description, homepage, license } = JSON.parse(file("provider/package.json"));
  const [repository = ""] = homepage.split("#");
  return {
    name: "nylas",
    displayName: "Nylas IMAP",
    description,
    homepage,
    license,
    repository,
    publisher: "pulumi-nylas-imap",
    language: {
      nodejs: { packageName: "pulumi-nylas", respectSchemaVersion: true },
      python: { packageName: "pulumi_nylas", respectSchemaVersion: true, pyproject: { enabled: true } },
      go: { importBasePath: `${repository.replace("https://", "")}/sdk/go/nylas`, respectSchemaVersion: true },
      csharp: { rootNamespace: "Pulumi", respectSchemaVersion: true },
      java: { basePackage: "com.pulumi", buildFiles: "gradle" },
    },
    config: { variables },
    provider: { description: "The settings of one Nylas application.", inputProperties: variables },
    resources: Object.fromEntries(Object.entries(RESOURCES).map(resource)),
    functions: Object.fromEntries(FUNCTIONS.map(lookUp)),
    types,
  };
}

function isOptional({ flags, type }: DeclarationReflection): boolean {
  return flags.isOptional || (type?.toString() ?? "").includes("undefined");
}

/** The text of a doc comment, without examples, which are of one language. */
function described(documented: Documented | undefined, more = ""): object {
  const parts = (documented?.comment?.summary ?? []).filter(({ text }) => !text.startsWith("```"));
  const texts = parts.map(({ kind, text }) => (kind === "inline-tag" ? `\`${text}\`` : text));
  const description = texts.join("").replaceAll(/\s+/g, " ").trim() + more;
  return description === "" ? {} : { description };
}
