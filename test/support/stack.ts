import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { pulumiEnvironment } from "../../scripts/setup/environment.mjs";
import { type Finished, type PulumiStack, pulumiStack } from "../../tools/harness/stack.mjs";
import { present } from "../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";
import { keyServer } from "./key-server.js";
import { portOfProgram } from "./program-hosts.js";
import { QUICK_COMMANDS, quickEngine } from "./quick-engine.js";

export type { Finished };

/** Built by scripts/build-plugin.mjs. */
const NATIVE_PROVIDER = join(import.meta.dirname, "../../provider/plugin");

/** A resource as it stands in a checkpoint. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  external?: boolean;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
  /** Replaced, but not deleted yet. */
  delete?: boolean;
}

/** A stack with its own project directory, backend and key. `remove` deletes them. */
export interface Stack extends Omit<PulumiStack, "outputs"> {
  /** Directory of the backend: checkpoint, backups and history. */
  backend: string;
  writeProgram(source: string): void;
  /** The checkpoint's text, read from the backend's file without starting the engine. */
  checkpoint(): string;
  /** Overwrites the checkpoint with an earlier one. */
  restore(checkpoint: string): void;
  /** The resources in the checkpoint. */
  resources(): StateResource[];
  /** The stack's outputs in the checkpoint. */
  outputs(): Record<string, unknown>;
  remove(): void;
}

export interface StackOptions {
  name?: string;
  project?: string;
  /** CommonJS source of the program. */
  program?: string;
  env?: Record<string, string>;
  /** An existing project to use instead of a generated one. Its configuration is written outside of it. */
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

/** The files of a project's first `stack init`, reused for its other stacks: the command takes a second. They contain no paths. */
interface Blank {
  /** The stack's name. */
  name: string;
  files: readonly WrittenFile[];
}

/** By project name. */
const blanks = new Map<string, Blank>();

/** The files for a stack of another name. The name occurs in file names and once in the checkpoint. */
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
  const own = makeWorkDirectory("stack");
  const directory = options.directory ?? join(own, "project");
  const temporary = join(own, "tmp");
  mkdirSync(join(own, "state"));
  mkdirSync(temporary);
  if (options.directory === undefined) {
    mkdirSync(directory);
    writeFileSync(join(directory, "package.json"), JSON.stringify({ name: project, private: true, main: "index.js" }));
    writeFileSync(
      join(directory, "Pulumi.yaml"),
      `name: ${project}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n` +
        `plugins:\n  providers:\n    - name: nylas\n      path: ${JSON.stringify(NATIVE_PROVIDER)}\n`,
    );
  }
  const keys = await keyServer();
  const env = pulumiEnvironment({
    PULUMI_BACKEND_URL: `file://${join(own, "state")}`,
    ...keys.env,
    NO_COLOR: "1",
    // A stopped language host leaves its pipes in the temporary directory.
    TMPDIR: temporary,
    ...QUICK_COMMANDS,
    ...options.env,
  });
  const engine = quickEngine();
  // An existing project may have an SDK of its own.
  if (engine !== undefined && options.directory === undefined) env.PATH = `${engine}${delimiter}${env.PATH}`;
  const port = options.sharedHost === true ? await portOfProgram(join(directory, "index.js")) : undefined;
  if (options.program !== undefined) writeFileSync(join(directory, "index.js"), options.program);
  const stack = pulumiStack({
    name,
    directory,
    configDirectory: join(own, "config"),
    env,
    secretsProvider: keys.secretsProvider,
    ...(port === undefined ? {} : { programAddress: `127.0.0.1:${port}` }),
  });
  const blank = options.directory === undefined ? blanks.get(project) : undefined;
  if (blank !== undefined) writeFiles(own, renamed(blank, name));
  else await stack.create();
  if (options.directory === undefined && blank === undefined) {
    // A side file has the checksum of the file beside it, and may be missing.
    const files = readFiles(own).filter(({ path }) => !path.startsWith("project") && !path.endsWith(".attrs"));
    blanks.set(project, { name, files });
  }

  const checkpointFile = () => {
    const stacks = join(own, "state/.pulumi/stacks");
    // The backend has one project; an example's project has another name than `project`.
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
      // The side file has the checksum of the earlier text.
      rmSync(`${checkpointFile()}.attrs`, { force: true });
    },
    resources,
    outputs: () => resources().find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {},
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
}
