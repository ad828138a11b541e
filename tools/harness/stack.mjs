import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "./processes.mjs";

/**
 * @typedef {object} Finished
 * @property {number | null} code
 * @property {string} stdout
 * @property {string} output both streams; the order between them is not defined
 */

/**
 * @typedef {object} StackOptions
 * @property {string} name
 * @property {string} directory of the project
 * @property {string} configDirectory for the stack's configuration file; is made here
 * @property {Record<string, string>} env of every command; may be changed between commands
 * @property {string} [secretsProvider] of the stack that `create` makes, instead of a passphrase
 * @property {string} [programAddress] where the engine finds the program, instead of starting one
 */

/** @typedef {ReturnType<typeof pulumiStack>} PulumiStack */

/**
 * One stack, driven through the Pulumi CLI.
 * @param {StackOptions} options
 */
export function pulumiStack({ name: firstName, directory, configDirectory, env, secretsProvider, programAddress }) {
  let name = firstName;
  let printed = "";
  // `stack init` writes the stack's file next to Pulumi.yaml; with a copy of Pulumi.yaml the project stays unchanged.
  const stackFile = `Pulumi.${name}.yaml`;
  const configFile = join(configDirectory, stackFile);
  mkdirSync(configDirectory, { recursive: true });
  for (const file of ["Pulumi.yaml", stackFile]) {
    if (existsSync(join(directory, file))) copyFileSync(join(directory, file), join(configDirectory, file));
  }

  /** @param {readonly string[]} args */
  function flags(args) {
    const command = args[0] ?? "";
    const stackFlags = ["--stack", name, "--non-interactive"];
    // `state move` names two stacks itself.
    if (command === "state" && args[1] === "move") return ["--non-interactive"];
    if (["stack", "cancel", "state"].includes(command)) return stackFlags;
    const withFile = [...stackFlags, "--config-file", configFile];
    const runsProgram = ["up", "preview"].includes(command) || args.includes("--run-program");
    const withProgram =
      programAddress !== undefined && runsProgram ? [...withFile, `--client=${programAddress}`] : withFile;
    if (["up", "refresh", "destroy"].includes(command)) return [...withProgram, "--yes", "--skip-preview"];
    return withProgram;
  }

  /**
   * Starts a command without waiting for it.
   * @param {...string} args
   */
  function start(...args) {
    const child = startProcess("pulumi", [...args, ...flags(args)], { cwd: directory, env });
    let stdout = "";
    let output = "";
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output += chunk;
      printed += chunk;
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      keep(chunk);
    });
    child.stderr.on("data", keep);
    /** @type {Promise<Finished>} */
    const finished = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout, output }));
    });
    return { child, finished };
  }

  /** @param {...string} args */
  async function succeed(...args) {
    const { code, stdout, output } = await start(...args).finished;
    if (code === 0) return { code, stdout, output };
    throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output}`);
  }

  return {
    directory,
    env,
    start,
    /** Everything that the commands have printed so far. */
    printed: () => printed,
    /** @param {...string} args */
    run: (...args) => start(...args).finished,
    create: () => {
      const provider = secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider];
      // Every command names the stack. The home would keep a file for each selection.
      return succeed("stack", "init", "--no-select", "--cwd", configDirectory, ...provider);
    },
    /**
     * @param {Record<string, string | number>} settings
     * @param {Record<string, string>} [secrets]
     */
    config: async (settings, secrets = {}) => {
      const plain = Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
      const hidden = Object.entries(secrets).flatMap(([key, value]) => ["--secret", `${key}=${value}`]);
      await succeed("config", "set-all", "--path", ...plain, ...hidden);
    },
    /**
     * `pulumi up`; rejects when it fails, as the methods below do.
     * @param {...string} args
     */
    up: (...args) => succeed("up", ...args),
    /** @param {...string} args */
    refresh: (...args) => succeed("refresh", ...args),
    /** @param {...string} args */
    destroy: (...args) => succeed("destroy", ...args),
    /** @param {string} other */
    rename: async (other) => {
      await succeed("stack", "rename", other);
      name = other;
    },
    /** @returns {Promise<Record<string, unknown>>} */
    outputs: async () => JSON.parse((await succeed("stack", "output", "--json", "--show-secrets")).stdout),
    /** The exported state, as text. */
    state: async () => (await succeed("stack", "export")).stdout,
  };
}
