import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { userEnvironment } from "../../tools/harness/user-environment.mjs";

export { userEnvironment };

/** Runs a program in a project directory, on the Node that Pulumi's programs get; its standard output. */
export async function runIn(directory: string, command: string, ...args: string[]): Promise<string> {
  const options = { cwd: directory, env: userEnvironment(), maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout } = await promisify(execFile)(command, args, options);
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[command, ...args].join(" ")} in ${directory} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Installs packages into a project: what its package.json names, and `packages`. */
export async function npmInstall(directory: string, ...packages: string[]): Promise<void> {
  await runIn(directory, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...packages);
}
