import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../tools/harness/errors.mjs";
import { npm } from "./npm.mjs";
import { nodeModulesDirectory, repositoryDirectory } from "./paths.mjs";
import { report, reportProgress, seconds } from "./report.mjs";

const INSTALL_TIMEOUT_MS = 15 * 60_000;
const stampFile = join(nodeModulesDirectory, ".set-up-lock-hash");

/**
 * @param {string} file
 * @returns {Promise<string | undefined>}
 */
async function textOf(file) {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * True if the user has already run `npm ci` or `npm install` with this lock file. At the end of an installation npm
 * writes the installed packages to node_modules/.package-lock.json.
 * @param {string} lock
 */
async function installedByUser(lock) {
  const noted = await textOf(join(nodeModulesDirectory, ".package-lock.json"));
  if (noted === undefined) return false;
  const wanted = JSON.parse(lock).packages;
  const present = JSON.parse(noted).packages;
  return (
    Object.entries(present).every(([path, entry]) => wanted[path]?.integrity === entry.integrity) &&
    Object.entries(wanted).every(([path, entry]) => path === "" || entry.optional || path in present)
  );
}

export async function installDependencies() {
  const lock = await readFile(join(repositoryDirectory, "package-lock.json"), "utf8");
  const hash = createHash("sha256").update(lock).digest("hex");
  const stamp = await textOf(stampFile);
  if (stamp === hash) {
    report("dependencies", "in place");
    return;
  }
  if (stamp === undefined && (await installedByUser(lock))) {
    await writeFile(stampFile, hash);
    report("dependencies", "in place, installed by npm");
    return;
  }
  const reason = stamp === undefined ? "node_modules is incomplete" : "package-lock.json has changed";
  const started = performance.now();
  const going = reportProgress("dependencies", `npm ci (${reason}; about a minute)`);
  try {
    await npm(["ci"], {
      cwd: repositoryDirectory,
      timeoutMs: INSTALL_TIMEOUT_MS,
      next: "Check that npm reaches its registry (npm ping), delete node_modules and run npm run setup again.",
    });
  } finally {
    going.end();
  }
  await writeFile(stampFile, hash);
  report("dependencies", `installed in ${seconds(started)}`);
}
