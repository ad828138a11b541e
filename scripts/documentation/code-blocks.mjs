import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { messageOf, printedBy } from "../../tools/harness/errors.mjs";
import { nodeModulesDirectory, repositoryDirectory, workDirectory } from "../setup/paths.mjs";
import { readDocuments } from "./markdown.mjs";

/**
 * @typedef {import("./markdown.mjs").Block} Block
 * @typedef {import("./markdown.mjs").Document} Document
 */

const directory = join(workDirectory, "code-blocks");

/** What a block of TypeScript without an import or export may use: the package, a configuration and a connector. */
const PRELUDE =
  'import * as pulumi from "@pulumi/pulumi"; import * as nylas from "pulumi-nylas-imap"; ' +
  "const { ByoImapGrant, ImapConnector, MailEnvironment } = nylas; " +
  "declare const config: pulumi.Config; declare const connector: nylas.ImapConnector;";

const COMPILER_OPTIONS = {
  noEmit: true,
  allowJs: true,
  allowImportingTsExtensions: true,
  moduleDetection: "force",
};

/**
 * How to find a mistake in a block, by its language. Blocks of TypeScript and JavaScript are compiled together afterwards; those
 * of JavaScript are only parsed, because they run where the compiler does not know the globals.
 * @type {Record<string, (code: string) => string | undefined>}
 */
const MISTAKES = {
  ts: () => undefined,
  js: () => undefined,
  json: (code) => thrownBy(() => JSON.parse(code)),
  yaml: (code) => thrownBy(() => parse(code)),
  sh: shellMistake,
  console: (code) => shellMistake(code.split("\n").flatMap(commandsOf).join("\n")),
  markdown: () => undefined,
  mermaid: () => undefined,
  python: () => undefined,
  "": () => undefined,
};

/** Throws if a code block of a Markdown file does not compile against the package, or does not parse. */
export async function checkCodeBlocks() {
  const documents = readDocuments();
  const problems = documents.flatMap((document) => document.blocks.flatMap((block) => problemsOf(document, block)));
  problems.push(...(await compile(documents)));
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** @param {Document} document @param {Block} block */
function problemsOf({ path }, { language, line, code }) {
  const find = MISTAKES[language];
  const problem = find === undefined ? `no check knows the language "${language}"` : find(code);
  return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
}

/** @param {() => unknown} action */
function thrownBy(action) {
  try {
    action();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** @param {string} code */
function shellMistake(code) {
  const { error, status, stderr } = spawnSync("bash", ["-n"], { input: code, encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? undefined : stderr.trim();
}

/** @param {string} line of a console, where the user's input follows a dollar sign */
function commandsOf(line) {
  return line.startsWith("$ ") ? [line.slice(2)] : [];
}

/** @param {readonly Document[]} documents @returns {Promise<string[]>} */
async function compile(documents) {
  rmSync(directory, { recursive: true, force: true });
  for (const document of documents) writeBlocks(document);
  const project = { extends: "../../tsconfig.base.json", compilerOptions: COMPILER_OPTIONS, include: ["."] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(project));
  try {
    const tsc = join(nodeModulesDirectory, "typescript/bin/tsc");
    await promisify(execFile)(process.execPath, [tsc, "-p", directory], { cwd: repositoryDirectory });
    return [];
  } catch (error) {
    return [
      (printedBy(error) || messageOf(error)).replace(
        /^\.work\/code-blocks\/(.+?\.md)\/[^(]+\((\d+),(\d+)\)/gm,
        "$1:$2:$3",
      ),
    ];
  }
}

/**
 * Writes each block to a file of its own, at the line where it is in the document. The first one is `index.ts`, so that the
 * others can import it.
 * @param {Document} document
 */
function writeBlocks({ path, blocks }) {
  const compiled = blocks.filter(({ language }) => language === "ts" || language === "js");
  for (const [index, { language, line, code }] of compiled.entries()) {
    const isFragment = language === "ts" && !/^(import|export) /m.test(code);
    const name = `${index === 0 ? "index" : `line-${line}`}.${language}`;
    mkdirSync(join(directory, path), { recursive: true });
    const above = `${isFragment ? `${PRELUDE} export async function fragment() {` : ""}${"\n".repeat(line)}`;
    writeFileSync(join(directory, path, name), `${above}${code}${isFragment ? "}" : ""}`);
  }
}
