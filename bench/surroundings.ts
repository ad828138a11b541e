import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { readSetup } from "../scripts/setup/environment.mjs";
import { repositoryDirectory } from "../scripts/setup/paths.mjs";

/** Where and with what the figures were taken. */
export interface Surroundings {
  machine: { system: string; cpu: string; cpus: number; memoryGb: number; loadBefore: number };
  versions: { commit: string; package: string; pulumi: string; sdk: string; node: string };
}

export function surroundings(): Surroundings {
  const [load = 0] = loadavg();
  return {
    machine: {
      system: `${type()} ${release()}`,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cpus: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      loadBefore: Number(load.toFixed(2)),
    },
    versions: {
      commit: commit(),
      package: versionOf("provider"),
      pulumi: readSetup().engine.version,
      sdk: versionOf("node_modules/@pulumi/pulumi"),
      node: readSetup().node.version,
    },
  };
}

/** With `+` if files of the checkout differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: repositoryDirectory, encoding: "utf8" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}

function versionOf(directory: string): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(repositoryDirectory, directory, "package.json"), "utf8"),
  );
  return version;
}
