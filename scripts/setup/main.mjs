import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../tools/harness/errors.mjs";
import { isInterrupted, untilEnd } from "../../tools/harness/interruption.mjs";
import { buildPackages } from "./build.mjs";
import { removeLeftovers } from "./cache.mjs";
import { installDependencies } from "./dependencies.mjs";
import { findEngine } from "./engine.mjs";
import { buildFingerprint } from "./engine-build.mjs";
import { pathFingerprint } from "./engine-path.mjs";
import { executableIn } from "./executables.mjs";
import { withLock } from "./lock.mjs";
import { findNode } from "./node.mjs";
import { passphraseFile, pulumiHomeDirectory, pulumiStateDirectory, setupFile, workDirectory } from "./paths.mjs";
import { report, seconds } from "./report.mjs";
import { sideBySide } from "./run.mjs";
import { NPM_PULUMI } from "./versions.mjs";

const PASSPHRASE_BYTES = 24;

async function makeThrowAwayPulumi() {
  await mkdir(pulumiHomeDirectory, { recursive: true });
  await mkdir(pulumiStateDirectory, { recursive: true });
  try {
    await writeFile(passphraseFile, randomBytes(PASSPHRASE_BYTES).toString("base64url"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    await chmod(passphraseFile, 0o600);
  }
}

/** Everything that the choice of the engine depends on. When it changes, set-up chooses again. */
function fingerprint() {
  const parts = [process.platform, process.arch, NPM_PULUMI, buildFingerprint(), ...pathFingerprint()];
  return parts.join("|");
}

/** @returns {Promise<import("./environment.mjs").Setup | undefined>} */
async function remembered() {
  try {
    const { basis, setup } = JSON.parse(await readFile(setupFile, "utf8"));
    return basis === fingerprint() && executableIn(setup.engine.directory, "pulumi") ? setup : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param {import("./environment.mjs").Setup} setup */
async function remember(setup) {
  const text = JSON.stringify({ basis: fingerprint(), setup }, undefined, 2);
  const written = `${setupFile}.${process.pid}`;
  await writeFile(written, `${text}\n`);
  await rename(written, setupFile);
}

/** @param {Promise<void>} dependencies */
async function packages(dependencies) {
  await dependencies;
  const node = await findNode();
  await buildPackages(node);
  return node;
}

/** @param {Promise<void>} dependencies */
async function engineBeside(dependencies) {
  await makeThrowAwayPulumi();
  await removeLeftovers();
  return (await remembered())?.engine ?? (await findEngine(dependencies));
}

/** @param {boolean} withEngine */
async function steps(withEngine) {
  const dependencies = installDependencies();
  if (!withEngine) {
    await packages(dependencies);
    return;
  }
  const [node, engine] = await sideBySide([packages(dependencies), engineBeside(dependencies)]);
  report("engine", `Pulumi ${engine.version}, ${engine.reason}`);
  await remember({ node, engine });
}

/**
 * The caller listens for interruptions: set-up registers what it has to stop and to remove.
 * @param {{ withEngine?: boolean }} [options] the emulator needs no engine, whose build takes minutes
 */
export async function setUp({ withEngine = true } = {}) {
  const started = performance.now();
  try {
    await mkdir(workDirectory, { recursive: true });
    await withLock(join(workDirectory, "setup.lock"), () => steps(withEngine));
    report("done", `in ${seconds(started)}; delete .work/setup.json to have the engine chosen again`);
  } catch (error) {
    if (isInterrupted()) await untilEnd();
    throw error;
  }
}
