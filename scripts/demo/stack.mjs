import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pulumiStack } from "../kit/stack.mjs";
import { repositoryDirectory, workDirectory } from "../setup/paths.mjs";

const directory = join(workDirectory, "demo");
const stateDirectory = join(directory, "state");

/** Makes an empty backend outside of the project. It is kept until the next demo, to be looked at. */
export function demoBackend() {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(stateDirectory, { recursive: true });
  return `file://${stateDirectory}`;
}

/**
 * A stack of `examples/quickstart`.
 * @param {Record<string, string>} env
 */
export function demoStack(env) {
  return pulumiStack({
    name: "demo",
    directory: join(repositoryDirectory, "examples/quickstart"),
    configDirectory: join(directory, "config"),
    env,
    shown: ["up", "destroy"],
  });
}
