import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { cacheDirectory, nodeModulesDirectory } from "./paths.mjs";

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {string} directory
 * @param {string} name without an extension
 * @returns {string | undefined} its path
 */
export function executableIn(directory, name) {
  const extensions = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  return extensions.map((extension) => join(directory, name + extension)).find(isExecutable);
}

/** The user's PATH without the directories that npm or an enclosing `npm run pulumi` added. */
function ownPath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => directory !== "" && !directory.endsWith(join("node_modules", ".bin")))
    .filter(
      (directory) =>
        ![cacheDirectory, nodeModulesDirectory].some((ours) => `${directory}${sep}`.startsWith(ours + sep)),
    );
}

/** @param {string} name */
export function findOnPath(name) {
  for (const directory of ownPath()) {
    const found = executableIn(directory, name);
    if (found) return found;
  }
  return undefined;
}
