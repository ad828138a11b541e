import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import GithubSlugger from "github-slugger";
import MarkdownIt from "markdown-it";
import { repositoryDirectory } from "../setup/paths.mjs";

/** @import Token from "markdown-it/lib/token.mjs" */

/**
 * @typedef {object} Block a fenced code block
 * @property {string} language the first word after the fence
 * @property {number} line of its opening fence, from 1
 * @property {string} code
 *
 * @typedef {object} Step a fenced code block, or an HTML comment by itself, and where it is in the page
 * @property {string} heading the last one of the second level above it, or nothing
 * @property {string | undefined} comment the HTML comment right above it, or itself
 * @property {Block | undefined} block
 *
 * @typedef {object} Document a Markdown file
 * @property {string} path below the repository, with slashes
 * @property {Block[]} blocks
 * @property {string[]} links targets of links and images, as they are written
 * @property {Set<string>} anchors of headings, as GitHub makes them, and of HTML elements with an id
 */

const markdown = new MarkdownIt({ html: true, linkify: true });
// GitHub makes links of whole URLs. It takes `example.com` for text.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

/** Reads every Markdown file of the repository that git does not ignore. */
export function readDocuments() {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: repositoryDirectory,
    encoding: "utf8",
  });
  const paths = [...new Set(listed.trim().split("\n"))];
  return paths.filter((path) => existsSync(join(repositoryDirectory, path))).map(readDocument);
}

/** @param {string} path @returns {Document} */
function readDocument(path) {
  return { path, ...readMarkdown(readFileSync(join(repositoryDirectory, path), "utf8")) };
}

/** @param {string} text @returns {Omit<Document, "path">} */
export function readMarkdown(text) {
  const tokens = markdown.parse(text, {});
  const inline = tokens.flatMap((token) => token.children ?? []);
  return { blocks: blocksOf(tokens), links: linksOf(inline), anchors: anchorsOf(tokens, inline) };
}

/** @param {Token[]} tokens @returns {Block[]} */
function blocksOf(tokens) {
  return tokens
    .filter((token) => token.type === "fence")
    .map((token) => ({
      language: token.info.trim().split(/\s/)[0] ?? "",
      line: (token.map?.[0] ?? 0) + 1,
      code: token.content,
    }));
}

/**
 * The blocks and HTML comments of a page, from top to bottom.
 * @param {string} text
 * @returns {Step[]}
 */
export function stepsOf(text) {
  /** @type {Step[]} */
  const steps = [];
  let heading = "";
  const tokens = markdown.parse(text, {});
  for (const [index, token] of tokens.entries()) {
    if (token.type === "heading_open" && token.tag === "h2") heading = textOf(tokens[index + 1]?.children ?? []);
    const comment = /^<!--(.*)-->\s*$/s.exec(token.type === "html_block" ? token.content : "")?.[1]?.trim();
    if (comment !== undefined) steps.push({ heading, comment, block: undefined });
    const [block] = blocksOf([token]);
    if (block === undefined) continue;
    const before = tokens[index - 1];
    const isRightAbove = before?.type === "html_block" && before.map?.[1] === token.map?.[0];
    const above = isRightAbove ? steps.pop()?.comment : undefined;
    steps.push({ heading, comment: above, block });
  }
  return steps;
}

/** @param {Token[]} inline */
function linksOf(inline) {
  return inline.map((token) => token.attrGet("href") ?? token.attrGet("src")).filter((target) => target !== null);
}

/** @param {Token[]} tokens @param {Token[]} inline */
function anchorsOf(tokens, inline) {
  const slugger = new GithubSlugger();
  const headings = tokens.flatMap((token, index) => (token.type === "heading_open" ? [tokens[index + 1]] : []));
  const slugs = headings.map((heading) => slugger.slug(textOf(heading?.children ?? [])));
  const html = [...tokens, ...inline].filter((token) => token.type.startsWith("html_"));
  const ids = html.flatMap((token) => [...token.content.matchAll(/\bid="([^"]+)"/g)].map(([, id = ""]) => id));
  return new Set([...slugs, ...ids]);
}

/** @param {Token[]} inline */
function textOf(inline) {
  const text = inline.filter((token) => token.type === "text" || token.type === "code_inline");
  return text.map((token) => token.content).join("");
}
