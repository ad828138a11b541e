import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { codeOf } from "./errors.mjs";

/**
 * Writes a file only if its content differs, and with one rename, so that processes which read it meanwhile find it whole.
 * @param {string} path in a directory that exists
 * @param {Buffer} content
 * @param {number} [mode] of a file that is written
 */
export function writeIfChanged(path, content, mode) {
  if (contentOf(path)?.equals(content)) return;
  const written = `${path}.${process.pid}`;
  writeFileSync(written, content, { mode });
  renameSync(written, path);
}

/** @param {string} path */
function contentOf(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
