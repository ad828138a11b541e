import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** A Python with the SDK, or why there is none. */
export type Python = { command: string; missing?: undefined } | { command?: undefined; missing: string };

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const ENVIRONMENTS = join(import.meta.dirname, "../../../.work/python");
/** For a slow connection to the package index. */
const INSTALL_TIMEOUT_MS = 240_000;

const execute = promisify(execFile);

/** Makes the virtual environment of the pinned requirements, unless it is there. */
export async function preparePython(): Promise<Python> {
  const digest = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const environment = join(ENVIRONMENTS, digest);
  const command = join(environment, "bin/python");
  const ready = join(environment, "ready");
  if (existsSync(ready)) return { command };
  rmSync(ENVIRONMENTS, { recursive: true, force: true });
  mkdirSync(ENVIRONMENTS, { recursive: true });
  try {
    await execute("python3", ["-m", "venv", environment], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    return { missing: `python3 with venv is missing; apt-get install python3-venv (${lastLine(error)})` };
  }
  try {
    const install = [
      "-m",
      "pip",
      "install",
      "--no-input",
      "--disable-pip-version-check",
      "--requirement",
      REQUIREMENTS,
    ];
    await execute(command, install, { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    return { missing: whyNotInstalled(error) };
  }
  // Written last: an environment that was cut off in its making is made again.
  writeFileSync(ready, "");
  return { command };
}

/** Pip says no more in the end than that it found nothing, even where it could ask nobody. */
function whyNotInstalled(error: unknown): string {
  const asked = !printedBy(error).includes("(from versions: none)");
  return asked ? `pip cannot install it (${lastLine(error)})` : "pip cannot reach a package index that has it";
}

function lastLine(error: unknown): string {
  return printedBy(error).trim().split("\n").at(-1) ?? "";
}

function printedBy(error: unknown): string {
  const printed = Reflect.get(Object(error), "stderr");
  return typeof printed === "string" && printed.trim() !== "" ? printed : String(error);
}
