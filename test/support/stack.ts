import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pulumiEnvironment } from "../../scripts/setup/environment.mjs";
import { portOfProgram } from "./program-hosts.js";

const root = join(import.meta.dirname, "../..");

export interface Finished {
  code: number | null;
  stdout: string;
  /** Everything that was printed, in no particular order between the two streams. */
  output: string;
}

/** A resource as it stands in an exported state. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  external?: boolean;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
}

/** A stack of its own: project directory, backend, home and passphrase, all thrown away at the end. */
export interface Stack {
  directory: string;
  /** The environment of the commands to come; may be changed between them. */
  env: Record<string, string>;
  /** What the engine keeps: the checkpoint, its backups and its history. */
  backend: string;
  /** Every byte that the engine has printed so far. */
  printed(): string;
  writeProgram(source: string): void;
  config(settings: Record<string, string>, secrets?: Record<string, string>): Promise<void>;
  run(...args: string[]): Promise<Finished>;
  /** Starts a command without waiting for it. */
  start(...args: string[]): { child: ChildProcess; finished: Promise<Finished> };
  /** `up` that must succeed. */
  up(...args: string[]): Promise<Finished>;
  refresh(...args: string[]): Promise<Finished>;
  /** `pulumi stack rename`. */
  rename(name: string): Promise<void>;
  destroy(...args: string[]): Promise<Finished>;
  outputs(): Promise<Record<string, unknown>>;
  resources(): Promise<StateResource[]>;
  /** The exported state, as text. */
  state(): Promise<string>;
  remove(): void;
}

export interface StackOptions {
  name?: string;
  project?: string;
  /** CommonJS source of the program. */
  program?: string;
  env?: Record<string, string>;
  /** Use this project instead of a made one; its configuration goes to a file elsewhere. */
  directory?: string;
  /**
   * Run the program in a process that all stacks of a test file share, instead of one of its own for each command: that saves
   * a third of a command's time. Not for programs that read environment variables or throw.
   */
  sharedHost?: boolean;
}

interface WrittenFile {
  /** Below the stack's own directory. */
  path: string;
  content: Buffer;
}

/** What `stack init` writes, by project and stack: it takes a second, and none of it names a directory. */
const blanks = new Map<string, WrittenFile[]>();

function readFiles(base: string): WrittenFile[] {
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(base, file), content: readFileSync(file) }));
}

function writeFiles(base: string, files: readonly WrittenFile[]): void {
  for (const { path, content } of files) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  }
}

export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const { project = "lifecycle" } = options;
  let { name = "test" } = options;
  const base = join(root, ".work/tests");
  mkdirSync(base, { recursive: true });
  const own = await mkdtemp(join(base, "stack-"));
  const directory = options.directory ?? join(own, "project");
  // `stack init` writes the stack's file beside the project's, so an existing project is left alone by giving it a copy.
  const configDirectory = join(own, "config");
  const configFile = join(configDirectory, `Pulumi.${name}.yaml`);
  const temporary = join(own, "tmp");
  mkdirSync(configDirectory);
  mkdirSync(join(own, "state"));
  mkdirSync(temporary);
  if (options.directory === undefined) {
    mkdirSync(directory);
    writeFileSync(join(directory, "package.json"), JSON.stringify({ name: project, private: true, main: "index.js" }));
    writeFileSync(
      join(directory, "Pulumi.yaml"),
      `name: ${project}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`,
    );
  }
  const env = pulumiEnvironment({
    PULUMI_BACKEND_URL: `file://${join(own, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "a throw-away passphrase",
    NO_COLOR: "1",
    // A language host that is stopped leaves its pipes behind.
    TMPDIR: temporary,
    // Each command starts the engine and two Node processes anew, for seconds: compiled code is kept, garbage left.
    NODE_COMPILE_CACHE: join(root, ".work/compile-cache"),
    GOGC: "off",
    ...options.env,
  });
  let printed = "";
  const port = options.sharedHost === true ? await portOfProgram(join(directory, "index.js")) : undefined;

  const start: Stack["start"] = (...args) => {
    const command = args[0] ?? "";
    const child = spawn("pulumi", [...args, ...flags(command)], { cwd: directory, env, detached: true });
    let stdout = "";
    let output = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      output += chunk;
      printed += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
      printed += chunk;
    });
    const finished = new Promise<Finished>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, output }));
    });
    return { child, finished };
  };

  function flags(command: string): string[] {
    const stackFlags = ["--stack", name, "--non-interactive"];
    if (["stack", "cancel", "state"].includes(command)) return stackFlags;
    const withFile = [...stackFlags, "--config-file", configFile];
    const withProgram = port === undefined ? withFile : [...withFile, `--client=127.0.0.1:${port}`];
    if (command === "preview") return withProgram;
    if (["up", "refresh", "destroy"].includes(command)) return [...withProgram, "--yes", "--skip-preview"];
    return withFile;
  }

  const run: Stack["run"] = (...args) => start(...args).finished;
  const succeed = async (...args: string[]) => {
    const finished = await run(...args);
    if (finished.code !== 0)
      throw new Error(`pulumi ${args.join(" ")} ended with ${finished.code}:\n${finished.output}`);
    return finished;
  };

  if (options.program !== undefined) writeFileSync(join(directory, "index.js"), options.program);
  copyFileSync(join(directory, "Pulumi.yaml"), join(configDirectory, "Pulumi.yaml"));
  if (existsSync(join(directory, `Pulumi.${name}.yaml`)))
    copyFileSync(join(directory, `Pulumi.${name}.yaml`), configFile);
  const blank = options.directory === undefined ? blanks.get(`${project}/${name}`) : undefined;
  if (blank !== undefined) writeFiles(own, blank);
  else await succeed("stack", "init", "--cwd", configDirectory);
  if (options.directory === undefined && blank === undefined) {
    const written = readFiles(own).filter(({ path }) => !path.startsWith("project"));
    blanks.set(`${project}/${name}`, written);
  }

  return {
    directory,
    env,
    backend: join(own, "state"),
    printed: () => printed,
    writeProgram: (source) => writeFileSync(join(directory, "index.js"), source),
    config: async (settings, secrets = {}) => {
      const plain = Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
      const hidden = Object.entries(secrets).flatMap(([key, value]) => ["--secret", `${key}=${value}`]);
      await succeed("config", "set-all", "--path", ...plain, ...hidden);
    },
    run,
    start,
    up: (...args) => succeed("up", ...args),
    refresh: (...args) => succeed("refresh", ...args),
    rename: async (other) => {
      await succeed("stack", "rename", other);
      name = other;
    },
    destroy: (...args) => succeed("destroy", ...args),
    outputs: async () => JSON.parse((await succeed("stack", "output", "--json", "--show-secrets")).stdout),
    state: async () => (await succeed("stack", "export")).stdout,
    resources: async () => {
      const exported = JSON.parse((await succeed("stack", "export")).stdout);
      return exported.deployment.resources ?? [];
    },
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
}
