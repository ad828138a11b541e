import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const EMULATOR = join(import.meta.dirname, "../../../emulator/src");
const FOLDERS = ["api", "http"];
/** The calls that make a refusal. */
const MAKERS = ["ApiError", "invalidRequest", "unauthorized", "refuse"];

/** A refusal somewhere in the emulator's API, by the words it is made with. */
export interface Refusal {
  text: string;
  pattern: RegExp;
}

/** Every text with which the API's sources refuse something. */
export function refusals(): Refusal[] {
  const made = literals().filter(({ maker, text }) => MAKERS.includes(maker) && text.includes(" "));
  return distinct(made.map(({ text }) => text)).map((text) => ({ text, pattern: patternOf(text) }));
}

/** Every error type that the API's sources name. */
export function errorTypes(): string[] {
  const named = literals().map(({ text }) => text);
  return (
    distinct(
      named.filter((text) => /^((api|grant|token)\.[a-z_]+|invalid_[a-z]+|[a-z_]+_error|[a-z_]+_type)$/.test(text)),
    )
      // Fields of the callback's address, of the token's form and of an attachment.
      .filter((text) => !["error_type", "grant_type", "response_type", "token_type", "content_type"].includes(text))
  );
}

/** The literals of all sources; of a template its text, with `…` for each gap. */
function literals(): { maker: string; text: string }[] {
  const found: { maker: string; text: string }[] = [];
  for (const file of FOLDERS.flatMap(sourcesIn)) {
    const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      const text = textOf(node);
      if (text !== undefined) found.push({ maker: makerOf(node), text });
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function sourcesIn(folder: string): string[] {
  const files = readdirSync(join(EMULATOR, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join(EMULATOR, folder, file));
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(GAP);
}

const GAP = "…";

/** The call that the literal is an argument of, also by way of a choice or a constant of the same file. */
function makerOf(node: ts.Node): string {
  const { parent } = node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return parent.expression.getText();
  if (ts.isConditionalExpression(parent)) return makerOf(parent);
  if (ts.isVariableDeclaration(parent)) return usedBy(parent);
  return "";
}

function usedBy(declaration: ts.VariableDeclaration): string {
  let maker = "";
  const name = declaration.name.getText();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === name && node.parent !== declaration) maker ||= makerOf(node);
    ts.forEachChild(node, visit);
  };
  visit(declaration.getSourceFile());
  return maker;
}

function patternOf(text: string): RegExp {
  const parts = text.split(GAP).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
