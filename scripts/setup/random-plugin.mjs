import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isInterrupted } from "../../tools/harness/interruption.mjs";
import { writeIfChanged } from "../../tools/harness/write-if-changed.mjs";
import { downloadHost } from "./download-host.mjs";
import { executableIn } from "./executables.mjs";
import { pulumiHomeDirectory, repositoryDirectory } from "./paths.mjs";
import { run, shortReason } from "./run.mjs";
import { RANDOM_PLUGIN } from "./versions.mjs";

const INSTALL_TIMEOUT_MS = 5 * 60_000;
export const standInDirectory = join(repositoryDirectory, "tools", "random-plugin");

/** @param {string} home a PULUMI_HOME */
export function installedPluginDirectory(home) {
  return join(home, "plugins", `resource-random-v${RANDOM_PLUGIN}`);
}

/**
 * Installs the stand-in into the PULUMI_HOME of this clone: Pulumi warns whenever it uses a plugin from PATH. An engine may be
 * starting the plugin meanwhile.
 */
export function installStandIn(home = pulumiHomeDirectory) {
  const directory = installedPluginDirectory(home);
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(standInDirectory)) {
    const file = join(standInDirectory, name);
    writeIfChanged(join(directory, name), readFileSync(file), statSync(file).mode);
  }
}

/**
 * @param {{ directory: string }} engine
 * @returns {Promise<import("./environment.mjs").Setup["randomPlugin"]>}
 */
export async function findRandomPlugin(engine) {
  const { reachable, answer } = await downloadHost();
  if (!reachable) return { kind: "stand-in", reason: answer };
  const command = executableIn(engine.directory, "pulumi") ?? "pulumi";
  await rm(installedPluginDirectory(pulumiHomeDirectory), { recursive: true, force: true });
  try {
    await run(command, ["plugin", "install", "resource", "random", RANDOM_PLUGIN], {
      cwd: repositoryDirectory,
      env: { ...process.env, PULUMI_HOME: pulumiHomeDirectory, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeoutMs: INSTALL_TIMEOUT_MS,
      next: "",
    });
    return { kind: "pulumi", reason: answer };
  } catch (error) {
    if (isInterrupted()) throw error;
    return { kind: "stand-in", reason: `installing the real one failed: ${shortReason(error)}` };
  }
}
