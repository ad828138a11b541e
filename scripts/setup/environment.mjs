import { readFileSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { codeOf } from "../../tools/harness/errors.mjs";
import { executableIn } from "./executables.mjs";
import {
  nodeModulesDirectory,
  passphraseFile,
  pulumiHomeDirectory,
  pulumiStateDirectory,
  repositoryDirectory,
  setupFile,
} from "./paths.mjs";

/**
 * @typedef {object} Setup What `npm run setup` found or built; saved in `.work/setup.json`.
 * @property {{ readonly directory: string, readonly version: string }} node Runs Pulumi's programs and plugins.
 * @property {Engine} engine
 */

/**
 * @typedef {object} Engine
 * @property {string} directory Contains `pulumi`.
 * @property {string} version
 * @property {"path" | "npm" | "build"} kind
 * @property {string} reason Where the engine comes from, and why each preferred source was rejected.
 */

/**
 * Throws if set-up has not run, or if its engine or Node has been removed since.
 * @returns {Setup}
 */
export function readSetup() {
  /** @type {string} */
  let text;
  try {
    text = readFileSync(setupFile, "utf8");
  } catch (error) {
    throw new Error(
      `Set-up has not run in ${repositoryDirectory} (${setupFile}: ${codeOf(error)}). Run npm run setup.`,
    );
  }
  const { setup } = JSON.parse(text);
  for (const [directory, name] of [
    [setup.engine.directory, "pulumi"],
    [setup.node.directory, "node"],
  ]) {
    if (!executableIn(directory, name)) {
      throw new Error(`${setupFile} names ${directory}, which no longer contains ${name}. Run npm run setup.`);
    }
  }
  return setup;
}

/** Pulumi does not decode file URLs, so percent-encoding would name another directory. */
function throwAwayBackend() {
  return `file://${pulumiStateDirectory.split(sep).join("/")}`;
}

/**
 * The environment of `npm run pulumi`, the demo and the tests. `overrides` take precedence over the caller's variables,
 * which take precedence over the defaults. `PATH` begins with the Node, engine and plugins that set-up chose.
 * `PULUMI_CONFIG_PASSPHRASE` has no default when the caller's environment names another backend.
 * @param {Record<string, string>} [overrides]
 */
export function pulumiEnvironment(overrides = {}) {
  const setup = readSetup();
  /** @type {Record<string, string>} */
  const given = {};
  let path = "";
  for (const [name, value] of Object.entries({ ...process.env, ...overrides })) {
    if (value === undefined) continue;
    // Windows spells it Path. If both spellings were set, it would be undefined which one counts.
    if (name.toUpperCase() === "PATH") path = value;
    else given[name] = value;
  }
  /** @type {Record<string, string>} */
  const defaults = {
    PULUMI_HOME: pulumiHomeDirectory,
    PULUMI_BACKEND_URL: throwAwayBackend(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  // The passphrase is deleted with this clone, so only stacks whose backend is deleted too may depend on it.
  const ownBackend = process.env.PULUMI_BACKEND_URL !== undefined && overrides.PULUMI_BACKEND_URL === undefined;
  if (!ownBackend && given.PULUMI_CONFIG_PASSPHRASE_FILE === undefined) {
    defaults.PULUMI_CONFIG_PASSPHRASE = readFileSync(passphraseFile, "utf8");
  }
  const environment = { ...defaults, ...given };
  const first = [setup.node.directory, setup.engine.directory];
  // Some packages of the CLI lack the launcher of dynamic providers; the SDK ships it too.
  if (!executableIn(setup.engine.directory, "pulumi-resource-pulumi-nodejs")) {
    first.push(join(nodeModulesDirectory, "@pulumi", "pulumi"));
  }
  environment.PATH = [...first, ...path.split(delimiter).filter((entry) => !first.includes(entry))].join(delimiter);
  return environment;
}
