import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { WireGrant } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { userEnvironment } from "./npm.js";
import { QUICK_COMMANDS } from "./quick-engine.js";

const ROOT = join(import.meta.dirname, "../..");
/** What the commands of a README need of a clone, besides its examples. */
const SHARED = ["package.json", "node_modules", "scripts", "tools", "provider", "emulator"];

/** What the emulator of a script has been asked since the last snapshot, and what it has. */
interface Snapshot {
  /** What the script has printed since the last snapshot. */
  output: string;
  requests: string[];
  grants: WireGrant[];
  connectors: unknown[];
}

const MARK = "=== snapshot ";

/** A line of a script: takes a snapshot of the emulator that `NYLAS_API_URI` names. */
export const SNAPSHOT = `${process.execPath} ${join(import.meta.dirname, "snapshot.ts")} ${JSON.stringify(MARK)}`;

/** The snapshots in a script's output. */
export function snapshots(output: string): Snapshot[] {
  const parts = output.split(MARK);
  return parts.slice(1).map((part, index) => ({
    ...JSON.parse(part.slice(0, part.indexOf("\n"))),
    output: index === 0 ? parts[0] : parts[index]?.slice(parts[index].indexOf("\n")),
  }));
}

/** A directory in which a README's commands run as in a clone of this repository. What they write stays in it. */
export interface Clone {
  directory: string;
  /** Runs a script with bash: both streams. `NYLAS_EMULATOR_PID` is stopped in the end. */
  bash(script: string): Promise<string>;
  /** Names of the files in a directory of the clone. */
  files(path: string): string[];
  read(file: string): string;
  /** Names of the stacks that are left in the backend. */
  stacks(): string[];
  remove(): void;
}

export function cloneWith(example: string): Clone {
  const directory = makeWorkDirectory("clone");
  const backend = join(directory, "backend");
  mkdirSync(backend);
  for (const name of SHARED) symlinkSync(join(ROOT, name), join(directory, name));
  cpSync(join(ROOT, "examples", example), join(directory, "examples", example), { recursive: true });
  const env = {
    ...userEnvironment(),
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "a throw-away passphrase",
    NO_COLOR: "1",
    ...QUICK_COMMANDS,
  };
  return {
    directory,
    bash: async (script) => {
      const trap = `trap 'kill "\${NYLAS_EMULATOR_PID:-}" 2> /dev/null || true' EXIT`;
      const lines = ["set -euo pipefail", trap, "exec 2>&1", script].join("\n");
      const { stdout } = await promisify(execFile)("bash", ["-c", lines], { cwd: directory, env });
      return stdout;
    },
    files: (path) => readdirSync(join(directory, path)).toSorted(),
    read: (file) => readFileSync(join(directory, file), "utf8"),
    stacks: () =>
      readdirSync(backend, { recursive: true, encoding: "utf8" }).filter((file) => /stacks\/.*\.json$/.test(file)),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
