#!/usr/bin/env node
/**
 * Completes a package before it is packed: licence, README, and declarations for `require`. `npm pack` and `npm publish` run
 * this script in the directory of the package.
 */
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryDirectory } from "./setup/paths.mjs";

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {{ url: string }} repository
 * @property {Record<string, string | { types: string }>} exports
 */

const packageDirectory = process.cwd();
/** @type {Manifest} */
const manifest = JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8"));
const repositoryUrl = manifest.repository.url.replace(/^git\+|\.git$/g, "");
/** A released README links to the documentation of its own version. */
const revision = (process.env.GITHUB_REF_TYPE === "tag" && process.env.GITHUB_REF_NAME) || "main";

copyFileSync(join(repositoryDirectory, "LICENSE"), join(packageDirectory, "LICENSE"));
if (manifest.name === "pulumi-nylas-imap") {
  const readme = readFileSync(join(repositoryDirectory, "README.md"), "utf8");
  writeFileSync(join(packageDirectory, "README.md"), withAbsoluteLinks(readme));
}
for (const entry of Object.values(manifest.exports)) {
  if (typeof entry === "object") declareForRequire(join(packageDirectory, entry.types));
}

/**
 * Makes links to files of the repository absolute. Throws if one leads nowhere.
 * @param {string} markdown
 */
function withAbsoluteLinks(markdown) {
  return markdown
    .replace(/(!?)(\[[^\]]*\]\()([^)\s]+)/g, (_, image, text, target) => {
      return image + text + absolute(target, image === "" ? "blob" : "raw");
    })
    .replace(/(<img [^>]*src=")([^"]+)/g, (_, start, target) => start + absolute(target, "raw"));
}

/** @param {string} target @param {"blob" | "raw"} view */
function absolute(target, view) {
  if (/^(#|[a-z]+:)/.test(target)) return target;
  const [path = "", fragment] = target.split("#");
  const isDirectory = statSync(join(repositoryDirectory, path)).isDirectory();
  const url = `${repositoryUrl}/${isDirectory ? "tree" : view}/${revision}/${path.replace(/\/$/, "")}`;
  return fragment === undefined ? url : `${url}#${fragment}`;
}

/**
 * Copies a declaration, and those that it imports, to files named `.d.cts`, for the files in `require/`.
 * @param {string} file
 */
function declareForRequire(file, done = new Set()) {
  if (done.has(file)) return;
  done.add(file);
  const text = readFileSync(file, "utf8").replace(/(["'])(\.{1,2}\/[^"']+)\.js\1/g, (_, quote, path) => {
    declareForRequire(join(dirname(file), `${path}.d.ts`), done);
    return `${quote}${path}.cjs${quote}`;
  });
  writeFileSync(file.replace(/\.d\.ts$/, ".d.cts"), text);
}
