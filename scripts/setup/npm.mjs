import { basename } from "node:path";
import { findOnPath } from "./executables.mjs";
import { run } from "./run.mjs";

/**
 * @param {readonly string[]} args
 * @param {{ cwd: string, timeoutMs: number, next: string }} options
 */
export function npm(args, options) {
  // `npm ci` deletes node_modules, so npm must not run on the Node in there.
  const node = findOnPath("node") ?? process.execPath;
  const quiet = [...args, "--no-audit", "--no-fund", "--loglevel=error"];
  const script = process.env.npm_execpath;
  if (script && basename(script) === "npm-cli.js") return run(node, [script, ...quiet], options);
  return run("npm", quiet, { ...options, shell: process.platform === "win32" });
}
