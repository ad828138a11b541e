/** The reference of the native provider, from its schema: one page for all languages, whose names follow one rule each. */

interface Property {
  type?: string;
  $ref?: string;
  items?: Property;
  oneOf?: Property[];
  description?: string;
  default?: unknown;
  secret?: boolean;
}

interface ObjectType {
  description?: string;
  properties: Record<string, Property>;
  required?: string[];
}

interface Resource extends ObjectType {
  inputProperties: Record<string, Property>;
  requiredInputs: string[];
}

interface Schema {
  language: Record<"nodejs" | "python", { packageName: string }> & { go: { importBasePath: string } };
  provider: { inputProperties: Record<string, Property> };
  types: Record<string, Partial<ObjectType> & { enum?: { value: string }[] }>;
  resources: Record<string, Resource>;
  functions: Record<string, { description?: string; inputs: ObjectType; outputs: ObjectType }>;
}

/** The page as Markdown. @param text the schema */
export function nativeReference(text: string): string {
  const schema: Schema = JSON.parse(text);

  function typeName({ type = "", $ref, items, oneOf }: Property): string {
    if (oneOf !== undefined) return oneOf.map(typeName).join(" or ");
    if (items !== undefined) return `list of ${typeName(items)}`;
    if ($ref === undefined) return type;
    const words = schema.types[$ref.replace("#/types/", "")]?.enum;
    if (words !== undefined) return words.map(({ value }) => `\`${value}\``).join(", ");
    return `[${nameOf($ref)}](#${nameOf($ref).toLowerCase()})`;
  }

  function table(head: string, properties: Record<string, Property>, required: readonly string[] = []): string[] {
    const entries = Object.entries(properties);
    if (entries.length === 0) return [];
    const isInput = head === "argument";
    const rows = entries.map(([name, property]) => {
      const { default: value = required.includes(name) ? "required" : "–", secret, description = "" } = property;
      const type = secret === true ? `${typeName(property)}, secret` : typeName(property);
      const cells = [`\`${name}\``, type, ...(isInput ? [String(value)] : []), description.replaceAll("|", "\\|")];
      return `| ${cells.join(" | ")} |`;
    });
    const titles = [head, "type", ...(isInput ? ["default"] : []), "description"];
    return [`| ${titles.join(" | ")} |`, `|${"---|".repeat(titles.length)}`, ...rows, ""];
  }

  const { nodejs, python, go } = schema.language;
  const objects = Object.entries(schema.types).filter(([, { properties }]) => properties !== undefined);
  const lines = [
    "# The native provider `nylas`",
    "",
    "What [every language but TypeScript and JavaScript](../languages.md) uses. `npm run docs` makes this page from the schema.",
    "",
    "| language | package | the argument `imapUsername` |",
    "|---|---|---|",
    "| YAML | none: `type: nylas:ByoImapGrant` | `imapUsername` |",
    `| Python | \`${python.packageName}\` | \`imap_username\` |`,
    `| Go | \`${go.importBasePath}\` | \`ImapUsername\` |`,
    `| TypeScript, JavaScript | \`${nodejs.packageName}\` | \`imapUsername\` |`,
    "| C# | `Pulumi.Nylas` | `ImapUsername` |",
    "| Java | `com.pulumi.nylas` | `imapUsername` |",
    "",
    "## Resources",
    "",
    ...Object.entries(schema.resources).flatMap(([token, resource]) => [
      `### ${nameOf(token)}`,
      "",
      // The examples are pages of their own.
      resource.description?.split("\n\n{{%")[0] ?? "",
      "",
      ...table("argument", resource.inputProperties, resource.requiredInputs),
      ...table("output", resource.properties),
    ]),
    "## Functions",
    "",
    ...Object.entries(schema.functions).flatMap(([token, { description = "", inputs, outputs }]) => [
      `### ${nameOf(token)}`,
      "",
      description,
      "",
      ...table("argument", inputs.properties, inputs.required),
      ...table("result", outputs.properties),
    ]),
    "## Types",
    "",
    ...objects.flatMap(([token, { description = "", properties = {} }]) => [
      `### ${nameOf(token)}`,
      "",
      description,
      "",
      ...table("property", properties),
    ]),
    "## Settings of a provider",
    "",
    "In the configuration of a stack as `nylas:apiKey` and so on, or the arguments of an explicit provider.",
    "",
    ...table("argument", schema.provider.inputProperties),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function nameOf(token: string): string {
  return token.split(/[:/]/).at(-1) ?? token;
}
