import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repositoryDirectory, workDirectory } from "../setup/paths.mjs";
import { startProcess } from "./processes.mjs";

const STACK = "demo";
const directory = join(workDirectory, "demo");
const project = join(repositoryDirectory, "examples/quickstart");
/** `stack init` writes the stack's file beside the project's: so it gets a copy of the project to run in. */
const configDirectory = join(directory, "config");
const configFile = join(configDirectory, `Pulumi.${STACK}.yaml`);

/** Where this run's stack lives: its state and configuration go away with the next run, the clone stays clean. */
export function demoBackend() {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, "state"), { recursive: true });
  mkdirSync(configDirectory);
  copyFileSync(join(project, "Pulumi.yaml"), join(configDirectory, "Pulumi.yaml"));
  return `file://${join(directory, "state")}`;
}

/**
 * The stack of `examples/quickstart`, driven through the Pulumi CLI.
 * @param {Record<string, string>} env
 */
export function demoStack(env) {
  /**
   * @param {string[]} args
   * @param {{ quiet?: boolean, cwd?: string }} [options]
   * @returns {Promise<string>} standard output
   */
  function pulumi(args, { quiet = false, cwd = project } = {}) {
    const all = [...args, "--stack", STACK, "--non-interactive"];
    if (!quiet) process.stdout.write(`\n$ pulumi ${args.join(" ")}\n`);
    const child = startProcess("pulumi", all, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    return new Promise((resolve, reject) => {
      let stdout = "";
      let printed = "";
      child.stdout.on("data", (chunk) => {
        stdout += chunk;
        printed += chunk;
        if (!quiet) process.stdout.write(chunk);
      });
      child.stderr.on("data", (chunk) => {
        printed += chunk;
        if (!quiet) process.stdout.write(chunk);
      });
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve(stdout);
        else reject(new Error(`pulumi ${args.join(" ")} ended with ${code}${quiet ? `:\n${printed}` : ""}`));
      });
    });
  }
  const configured = ["--config-file", configFile];

  return {
    create: () => pulumi(["stack", "init"], { quiet: true, cwd: configDirectory }),
    /**
     * @param {Record<string, string | number>} settings
     * @param {Record<string, string>} secrets
     */
    configure: (settings, secrets) => {
      const plain = Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
      const hidden = Object.entries(secrets).flatMap(([key, value]) => ["--secret", `${key}=${value}`]);
      return pulumi(["config", "set-all", "--path", ...plain, ...hidden, ...configured], { quiet: true });
    },
    /** @param {string[]} flags */
    up: (...flags) => pulumi(["up", "--yes", "--skip-preview", ...flags, ...configured]),
    destroy: () => pulumi(["destroy", "--yes", "--skip-preview", ...configured]),
    outputs: async () => JSON.parse(await pulumi(["stack", "output", "--json"], { quiet: true })),
    exported: () => pulumi(["stack", "export"], { quiet: true }),
  };
}
