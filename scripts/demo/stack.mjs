import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { pulumiStack } from "../../tools/harness/stack.mjs";
import { repositoryDirectory, workDirectory } from "../setup/paths.mjs";

/** Makes a directory for an empty backend and the stack's configuration, outside of the project. */
export function makeDemoDirectory() {
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(join(workDirectory, "demo-"));
  mkdirSync(stateDirectory(directory));
  return directory;
}

/** @param {string} directory */
export function demoBackend(directory) {
  return `file://${stateDirectory(directory)}`;
}

/**
 * A stack of `examples/quickstart`.
 * @param {string} directory
 * @param {Record<string, string>} env
 */
export function demoStack(directory, env) {
  return pulumiStack({
    name: "demo",
    directory: join(repositoryDirectory, "examples/quickstart"),
    configDirectory: join(directory, "config"),
    env,
  });
}

/** @param {string} directory */
function stateDirectory(directory) {
  return join(directory, "state");
}
