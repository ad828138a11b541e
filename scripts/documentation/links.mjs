import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { repositoryDirectory } from "../setup/paths.mjs";
import { readDocuments } from "./markdown.mjs";

/** @typedef {import("./markdown.mjs").Document} Document */

/**
 * Throws if a link of a Markdown file leads to no file or heading of the repository, or is no https URL. Sends no request.
 */
export function checkLinks() {
  const documents = new Map(readDocuments().map((document) => [document.path, document]));
  const problems = [...documents.values()].flatMap((document) =>
    document.links.flatMap((link) => {
      const problem = problemOf(link, document.path, documents);
      return problem === undefined ? [] : [`${document.path}: ${link} ${problem}`];
    }),
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/**
 * @param {string} link
 * @param {string} from the file that it is in
 * @param {ReadonlyMap<string, Document>} documents
 */
function problemOf(link, from, documents) {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return isHttps(link) ? undefined : "is no https URL";
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : posix.join(posix.dirname(from), decodeURIComponent(file)).replace(/\/$/, "");
  if (path.startsWith("..")) return "leads out of the repository";
  if (!existsSync(join(repositoryDirectory, path))) return "leads to no file";
  if (anchor === undefined || documents.get(path)?.anchors.has(decodeURIComponent(anchor))) return undefined;
  return "leads to no heading";
}

/** @param {string} link */
function isHttps(link) {
  return URL.canParse(link) && new URL(link).protocol === "https:";
}
