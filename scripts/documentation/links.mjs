import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { repositoryDirectory } from "../setup/paths.mjs";
import { readDocuments, readMarkdown } from "./markdown.mjs";

/**
 * @typedef {object} Place where links lead to
 * @property {string} name
 * @property {(path: string) => boolean} has a file or folder, by its path with slashes
 * @property {(path: string) => ReadonlySet<string> | undefined} anchors of a Markdown file
 */

const manifest = JSON.parse(readFileSync(join(repositoryDirectory, "provider/package.json"), "utf8"));
const repositoryUrl = manifest.repository.url.replace(/^git\+|\.git$/g, "");

/**
 * Throws if a link of a Markdown file leads to no file or heading of the repository, or is no https URL. Sends no request.
 */
export function checkLinks() {
  const repository = repositoryPlace();
  report(
    readDocuments().flatMap(({ path, links }) =>
      problemsOf(links, path, repository, repository).map((problem) => `${path}: ${problem}`),
    ),
  );
}

/**
 * Throws if a link of a packed README does not work for a reader who has nothing but the package: a relative one must lead
 * to a file of the package, and one to the repository to a file or heading of this checkout.
 * @param {string} tarball
 */
export function checkPackedLinks(tarball) {
  const files = execFileSync("tar", ["-tf", tarball], { encoding: "utf8" }).trim().split(/\r?\n/);
  /** @param {string} path */
  const read = (path) => readMarkdown(execFileSync("tar", ["-xOf", tarball, `package/${path}`], { encoding: "utf8" }));
  const place = {
    name: "the package",
    has: (/** @type {string} */ path) => files.some((file) => `${file}/`.startsWith(`package/${path}/`)),
    anchors: (/** @type {string} */ path) => (path.endsWith(".md") ? read(path).anchors : undefined),
  };
  const { links } = read("README.md");
  if (links.length === 0) throw new Error("The README has no links: is it the right file?");
  report(problemsOf(links, "README.md", place, repositoryPlace()));
}

/** @returns {Place} */
function repositoryPlace() {
  const anchors = new Map(readDocuments().map((document) => [document.path, document.anchors]));
  return {
    name: "the repository",
    has: (path) => existsSync(join(repositoryDirectory, path)),
    anchors: (path) => anchors.get(path),
  };
}

/** @param {readonly string[]} problems */
function report(problems) {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/**
 * @param {readonly string[]} links
 * @param {string} from the file that they are in
 * @param {Place} place where relative links lead to
 * @param {Place} repository
 */
function problemsOf(links, from, place, repository) {
  return links.flatMap((link) => {
    const inRepository = pathInRepository(link);
    const problem = inRepository === undefined ? problemOf(link, from, place) : problemOf(inRepository, "", repository);
    return problem === undefined ? [] : [`${link} ${problem}`];
  });
}

/** The path, with its anchor, that a URL of a file or folder of this repository has in any version. @param {string} link */
function pathInRepository(link) {
  if (!link.startsWith(`${repositoryUrl}/`)) return undefined;
  return /^(?:blob|raw|tree)\/[^/]+\/(.+)$/.exec(link.slice(repositoryUrl.length + 1))?.[1];
}

/** @param {string} link @param {string} from @param {Place} place */
function problemOf(link, from, place) {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return isHttps(link) ? undefined : "is no https URL";
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? from : posix.join(posix.dirname(from), decodeURIComponent(file)).replace(/\/$/, "");
  if (path.startsWith("..")) return `leads out of ${place.name}`;
  if (!place.has(path)) return `leads to no file of ${place.name}`;
  if (anchor === undefined || place.anchors(path)?.has(decodeURIComponent(anchor))) return undefined;
  return "leads to no heading";
}

/** @param {string} link */
function isHttps(link) {
  return URL.canParse(link) && new URL(link).protocol === "https:";
}
