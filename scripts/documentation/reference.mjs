import { join } from "node:path";
import { Application, Comment, Converter, DeclarationReflection, ReflectionKind } from "typedoc";
import { MarkdownPageEvent } from "typedoc-plugin-markdown";
import { repositoryDirectory } from "../setup/paths.mjs";

/**
 * @import { ProjectReflection, SomeType } from "typedoc"
 * @import { PluginOptions } from "typedoc-plugin-markdown"
 */

const packageDirectory = join(repositoryDirectory, "provider");

/** The pages, in the order of the index, and the files of `provider/src` whose public symbols each of them has. */
const PAGES = {
  ImapConnector: ["program/connector.ts"],
  ByoImapGrant: ["program/grant.ts", "core/grant/passwords.ts", "core/grant/state.ts"],
  MailEnvironment: ["program/mail-environment.ts"],
  Functions: [
    "program/functions/lookups.ts",
    "program/functions/lookup-options.ts",
    "program/functions/hosted-auth.ts",
    "nylas/wire.ts",
    "settings.ts",
  ],
  Errors: ["errors.ts"],
};

const INTRODUCTION =
  "Everything that `pulumi-nylas-imap` exports, with defaults and with what a change does. " +
  "Programs in YAML, Python, Go and other languages use [the native provider](Native.md). " +
  "`npm run docs` makes these pages from the doc comments in `provider/src`.";

/** Types that the declarations of public symbols refer to, and that say nothing to a reader. */
const NOT_EXPORTED = ["RequiredArgument", "GivenBy", "Unless"];

/** What the plugin writes between a description and its default. */
const DEFAULT = " **Default** ";

/** @satisfies {Partial<PluginOptions>} */
const LAYOUT = {
  hidePageHeader: true,
  hideGroupHeadings: true,
  expandObjects: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  typeDeclarationFormat: "table",
  tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true, hideSources: true },
};

/**
 * Writes the API reference of the package as Markdown, from the doc comments of what `provider/src/index.ts` exports. Throws if
 * a public symbol has no doc comment, or if a doc comment links to nothing.
 * @param {string} directory is emptied first
 * @returns what it has read
 */
export async function writeReference(directory) {
  const application = await Application.bootstrapWithPlugins({
    entryPoints: [join(packageDirectory, "src/index.ts")],
    tsconfig: join(packageDirectory, "tsconfig.json"),
    outputs: [{ name: "markdown", path: directory }],
    plugin: ["typedoc-plugin-markdown"],
    name: "API reference",
    readme: "none",
    skipErrorChecking: true,
    router: "module",
    logLevel: "Warn",
    sort: ["source-order"],
    groupOrder: ["Classes", "Functions", "Interfaces", "Type Aliases"],
    locales: { en: { kind_plural_module: "Pages" } },
    disableSources: true,
    githubPages: false,
    excludeExternals: true,
    excludeInternal: true,
    intentionallyNotExported: NOT_EXPORTED,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    ...LAYOUT,
  });
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => paginate(project));
  application.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = withDefaults(page.contents ?? "");
  });
  const project = await application.convert();
  if (project === undefined) throw new Error("typedoc could not read provider/src.");
  application.validate(project);
  await application.generateOutputs(project);
  if (application.logger.hasWarnings() || application.logger.hasErrors()) {
    throw new Error("The doc comments have gaps or dead links: see what typedoc says above.");
  }
  return project;
}

/**
 * Moves each symbol to the module of its page. The package has one module, and typedoc makes a page for each module.
 * @param {ProjectReflection} project
 */
function paginate(project) {
  project.comment = new Comment([{ kind: "text", text: INTRODUCTION }]);
  for (const symbol of project.children ?? []) shorten(project, symbol);
  const symbols = [...(project.children ?? [])];
  for (const [page, files] of Object.entries(PAGES)) {
    const module = new DeclarationReflection(page, ReflectionKind.Module, project);
    project.registerReflection(module, undefined, undefined);
    project.addChild(module);
    for (const symbol of symbols.filter((each) => files.includes(fileOf(project, each)))) {
      project.removeChild(symbol);
      symbol.parent = module;
      module.addChild(symbol);
    }
  }
  const left = (project.children ?? []).filter((child) => child.kind !== ReflectionKind.Module);
  if (left.length > 0) {
    throw new Error(`No page has ${left.map((symbol) => `${symbol.name} of ${fileOf(project, symbol)}`).join(", ")}.`);
  }
}

/**
 * Leaves out what a symbol inherits, because the inherited type has its own table, what it overrides or implements, and types
 * that are not public.
 * @param {ProjectReflection} project
 * @param {DeclarationReflection} symbol
 */
function shorten(project, symbol) {
  delete symbol.implementedTypes;
  if (symbol.extendedTypes?.every(isHidden)) delete symbol.extendedTypes;
  for (const member of [...(symbol.children ?? [])]) {
    if (member.inheritedFrom !== undefined) project.removeReflection(member);
    for (const reflection of [member, ...(member.signatures ?? [])]) delete reflection.overwrites;
    // The compiler reduces `Output<number>` to the part of it that is named so.
    if (member.type?.type === "reference" && member.type.name === "OutputInstance") member.type.name = "Output";
  }
}

/** @param {SomeType} type */
function isHidden(type) {
  return type.type === "reference" && type.package === "pulumi-nylas-imap" && type.reflection === undefined;
}

/** @param {ProjectReflection} project @param {DeclarationReflection} symbol */
function fileOf(project, symbol) {
  return project.getSymbolIdFromReflection(symbol)?.packagePath.replace(/^src\//, "") ?? "";
}

/**
 * Moves defaults, which the plugin writes at the end of descriptions, to a column of their own.
 * @param {string} page
 */
function withDefaults(page) {
  return page.replace(/(?:^\|.*\|\n)+/gm, (table) => {
    if (!table.includes(DEFAULT)) return table;
    const [head = "", , ...rows] = table.trimEnd().split("\n").map(cellsOf);
    const moved = rows.map(([name, type, text = ""]) => {
      const [description, value = "–"] = text.split(DEFAULT);
      return [name, type, value, description];
    });
    const [name, type, description] = head;
    const lines = [[name, type, "Default", description], Array(4).fill("---"), ...moved];
    return `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
  });
}

/** @param {string} row */
function cellsOf(row) {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim());
}
