import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { codeOf } from "../kit/errors.mjs";
import { executableIn } from "./executables.mjs";
import {
  nodeModulesDirectory,
  passphraseFile,
  pulumiHomeDirectory,
  pulumiStateDirectory,
  repositoryDirectory,
  setupFile,
} from "./paths.mjs";
import { installedPluginDirectory, standInDirectory } from "./random-plugin.mjs";

/**
 * @typedef {object} Setup What `npm run setup` found or made, as it stands in `.work/setup.json`.
 * @property {{ readonly directory: string, readonly version: string }} node Runs Pulumi's programs and plugins.
 * @property {Engine} engine
 * @property {{ readonly kind: "pulumi" | "stand-in", readonly reason: string }} randomPlugin
 */

/**
 * @typedef {object} Engine
 * @property {string} directory Holds `pulumi`.
 * @property {string} version
 * @property {"path" | "npm" | "build"} kind
 * @property {string} reason Where it comes from and why not from an earlier choice.
 */

/**
 * Throws, saying what to do, when set-up has not run or its engine is gone.
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
      throw new Error(`${setupFile} names ${directory}, which holds no ${name} any more. Run npm run setup.`);
    }
  }
  return setup;
}

/**
 * @param {Setup} setup
 * @param {string} home
 */
function pluginDirectories(setup, home) {
  const directories = [];
  // Packagers of the CLI may leave out the launcher of dynamic providers; the SDK has it as well.
  if (!executableIn(setup.engine.directory, "pulumi-resource-pulumi-nodejs")) {
    directories.push(join(nodeModulesDirectory, "@pulumi", "pulumi"));
  }
  // What is on PATH takes the place of installed plugins, so the stand-in must not be there beside the real one.
  if (setup.randomPlugin.kind === "stand-in" && !existsSync(installedPluginDirectory(home))) {
    directories.push(standInDirectory);
  }
  return directories;
}

/** Pulumi takes what follows file:// as it is, so a percent-encoded file URL would name another directory. */
function throwAwayBackend() {
  return `file://${pulumiStateDirectory.split(sep).join("/")}`;
}

/**
 * The environment of `npm run pulumi`, the demo and the tests: the caller's own variables win, `overrides` win over
 * those; `PATH` begins with the fitting Node, the engine and the plugins. `PULUMI_CONFIG_PASSPHRASE` stays unset when
 * the caller's own environment names another backend.
 * @param {Record<string, string>} [overrides]
 */
export function pulumiEnvironment(overrides = {}) {
  const setup = readSetup();
  /** @type {Record<string, string>} */
  const given = {};
  let path = "";
  for (const [name, value] of Object.entries({ ...process.env, ...overrides })) {
    if (value === undefined) continue;
    // Windows spells it Path, and a second spelling would make it a matter of luck which one counts.
    if (name.toUpperCase() === "PATH") path = value;
    else given[name] = value;
  }
  /** @type {Record<string, string>} */
  const defaults = {
    PULUMI_HOME: pulumiHomeDirectory,
    PULUMI_BACKEND_URL: throwAwayBackend(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  if (setup.randomPlugin.kind === "stand-in") {
    // Where Pulumi's host is out of reach, every attempt to fetch a plugin would cost its time-out.
    defaults.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  }
  // Only stacks in the throw-away backend may depend on a passphrase that goes away with this clone.
  const ownBackend = process.env.PULUMI_BACKEND_URL !== undefined && overrides.PULUMI_BACKEND_URL === undefined;
  if (!ownBackend && given.PULUMI_CONFIG_PASSPHRASE_FILE === undefined) {
    defaults.PULUMI_CONFIG_PASSPHRASE = readFileSync(passphraseFile, "utf8");
  }
  const environment = { ...defaults, ...given };
  const first = [
    setup.node.directory,
    setup.engine.directory,
    ...pluginDirectories(setup, environment.PULUMI_HOME ?? pulumiHomeDirectory),
  ];
  environment.PATH = [...first, ...path.split(delimiter).filter((entry) => !first.includes(entry))].join(delimiter);
  return environment;
}
