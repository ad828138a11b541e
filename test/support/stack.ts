import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type Finished, type PulumiStack, pulumiStack } from "../../scripts/kit/stack.mjs";
import { pulumiEnvironment } from "../../scripts/setup/environment.mjs";
import { present } from "./emulator.js";
import { portOfProgram } from "./program-hosts.js";

export type { Finished };

const root = join(import.meta.dirname, "../..");
const LATE_MODULES = join(import.meta.dirname, "late-modules.cjs");

/** A resource as it stands in a checkpoint. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  external?: boolean;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
  /** A replaced one that is still to be deleted. */
  delete?: boolean;
}

/** A stack of its own: project directory, backend, home and passphrase, all deleted by `remove`. */
export interface Stack extends Omit<PulumiStack, "outputs"> {
  /** What the engine keeps: the checkpoint, its backups and its history. */
  backend: string;
  writeProgram(source: string): void;
  /** What the engine has saved, as text; read from the backend's file, without starting the engine. */
  checkpoint(): string;
  /** Takes the place of what the engine has saved, as if nothing had happened since that was read. */
  restore(checkpoint: string): void;
  /** The saved resources. */
  resources(): StateResource[];
  /** The stack's saved outputs. */
  outputs(): Record<string, unknown>;
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

interface Checkpoint {
  checkpoint: { latest?: { resources?: StateResource[] } };
}

interface WrittenFile {
  /** Below the stack's own directory. */
  path: string;
  content: string;
}

/** What `stack init` has written for the first stack of a project: it takes a second, and none of it names a directory. */
interface Blank {
  /** The stack's name. */
  name: string;
  files: readonly WrittenFile[];
}

/** By project. */
const blanks = new Map<string, Blank>();

/** The same for a stack of another name, which stands in the files' names and once in the checkpoint. */
function renamed({ name, files }: Blank, other: string): WrittenFile[] {
  return files.map(({ path, content }) => ({
    path: path.replace(`Pulumi.${name}.yaml`, `Pulumi.${other}.yaml`).replace(`/${name}.json`, `/${other}.json`),
    content: content.replace(`/${name}"}`, `/${other}"}`).replace(`/${name}",`, `/${other}",`),
  }));
}

function readFiles(base: string): WrittenFile[] {
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(base, file), content: readFileSync(file, "utf8") }));
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
  const temporary = join(own, "tmp");
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
    NODE_OPTIONS: `--require ${JSON.stringify(LATE_MODULES)}`,
    GOGC: "off",
    ...options.env,
  });
  const port = options.sharedHost === true ? await portOfProgram(join(directory, "index.js")) : undefined;
  if (options.program !== undefined) writeFileSync(join(directory, "index.js"), options.program);
  const stack = pulumiStack({
    name,
    directory,
    configDirectory: join(own, "config"),
    env,
    ...(port === undefined ? {} : { programAddress: `127.0.0.1:${port}` }),
  });
  const blank = options.directory === undefined ? blanks.get(project) : undefined;
  if (blank !== undefined) writeFiles(own, renamed(blank, name));
  else await stack.create();
  if (options.directory === undefined && blank === undefined) {
    // A side file has the checksum of what is beside it, and may be missing.
    const files = readFiles(own).filter(({ path }) => !path.startsWith("project") && !path.endsWith(".attrs"));
    blanks.set(project, { name, files });
  }

  const checkpointFile = () => {
    const stacks = join(own, "state/.pulumi/stacks");
    // One project in a backend of its own; an example's project has a name of its own.
    return join(stacks, present(readdirSync(stacks)[0]), `${name}.json`);
  };
  const resources = (): StateResource[] => {
    const { checkpoint }: Checkpoint = JSON.parse(readFileSync(checkpointFile(), "utf8"));
    return checkpoint.latest?.resources ?? [];
  };

  return {
    ...stack,
    backend: join(own, "state"),
    writeProgram: (source) => writeFileSync(join(directory, "index.js"), source),
    rename: async (other) => {
      await stack.rename(other);
      name = other;
    },
    checkpoint: () => readFileSync(checkpointFile(), "utf8"),
    restore: (checkpoint) => {
      writeFileSync(checkpointFile(), checkpoint);
      // The side file has the checksum of the text before.
      rmSync(`${checkpointFile()}.attrs`, { force: true });
    },
    resources,
    outputs: () => resources().find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {},
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
}
