import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeEntry } from "./cache.mjs";
import { executableIn, findOnPath } from "./executables.mjs";
import { cacheDirectory, repositoryDirectory } from "./paths.mjs";
import { run, sideBySide } from "./run.mjs";

const BUILD_TIMEOUT_MS = 40 * 60_000;
const HASH_DIGITS = 8;
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/**
 * @typedef {object} GoCommand A command that is built from a module of `tools/`.
 * @property {string} name
 * @property {string} module its directory
 * @property {string} package
 * @property {readonly string[]} [sources] own files of the module that it is built from
 * @property {string} [version] what a command of Pulumi's prints as its own
 * @property {string} [companion] a script that it starts, as a path in Go's module cache
 * @property {readonly Edit[]} [edits] of modules that it depends on
 */

/** @typedef {{ module: string, file: string, from: string, to: string }} Edit A text in a file of a module, and what stands there instead. */

/** @param {string} module */
function moduleDirectory(module) {
  return join(repositoryDirectory, "tools", module);
}

/**
 * Of what is built from modules.
 * @param {readonly string[]} modules
 * @param {readonly string[]} [sources] own files, in the last one
 * @param {readonly Edit[]} [edits]
 */
export function fingerprint(modules, sources = [], edits = []) {
  const hash = createHash("sha256");
  if (edits.length > 0) hash.update(JSON.stringify(edits));
  const files = modules.flatMap((module) => ["go.mod", "go.sum"].map((file) => join(moduleDirectory(module), file)));
  const own = sources.map((file) => join(moduleDirectory(modules.at(-1) ?? ""), file));
  for (const file of [...files, ...own]) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

/**
 * Sets the directories that Go writes to and removes what could change the target of the build. GOPROXY, GOFLAGS and
 * the like keep the user's values.
 * @param {string} scratch
 */
function goEnvironment(scratch) {
  const { GOOS: _os, GOARCH: _arch, GOBIN: _bin, ...environment } = process.env;
  return {
    ...environment,
    GOMODCACHE: join(scratch, "modules"),
    GOCACHE: join(scratch, "build"),
    GOPATH: join(scratch, "path"),
    GOTMPDIR: join(scratch, "tmp"),
    GOWORK: "off",
    GO111MODULE: "on",
    CGO_ENABLED: "0",
    // Go writes its usage counters here instead of to the user's configuration directory.
    TEST_TELEMETRY_DIR: join(scratch, "telemetry"),
  };
}

/**
 * Downloads modules into a cache that is this build's own, and edits them there: Go refuses to overlay files of its cache.
 * @param {readonly Edit[]} edits
 * @param {(args: readonly string[]) => Promise<string>} runGo
 */
async function editModules(edits, runGo) {
  const modules = [...new Set(edits.map(({ module }) => module))];
  await runGo(["mod", "download", "-modcacherw", ...modules]);
  const directories = (await runGo(["list", "-m", "-f", "{{.Dir}}", ...modules])).split("\n");
  for (const { module, file, from, to } of edits) {
    const path = join(directories[modules.indexOf(module)] ?? "", file);
    const text = await readFile(path, "utf8");
    if (!text.includes(from)) throw new Error(`${module}/${file} has no ${JSON.stringify(from)}, which set-up edits.`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
}

/**
 * Builds commands into `temporary`.
 * @param {readonly GoCommand[]} commands
 * @param {string} go
 * @param {string} temporary
 * @param {() => void} [onLine] called for each module that is downloaded and each package that is compiled
 * @returns their directory
 */
export async function buildCommands(commands, go, temporary, onLine) {
  const scratch = join(temporary, "go");
  const environment = goEnvironment(scratch);
  await mkdir(environment.GOTMPDIR, { recursive: true });
  const bin = join(temporary, "made", "bin");
  await mkdir(bin, { recursive: true });
  const builds = commands.map(async ({ name, module, package: path, version, companion, edits = [] }) => {
    const linker = version === undefined ? "-s -w" : `-s -w -X ${VERSION_VARIABLE}=${version}`;
    // Without -modcacherw Go makes downloaded modules read-only, and they cannot be deleted afterwards.
    const flags = ["-mod=readonly", "-modcacherw", "-trimpath", "-v", "-ldflags", linker];
    const options = {
      cwd: moduleDirectory(module),
      env: environment,
      timeoutMs: BUILD_TIMEOUT_MS,
      ...(onLine === undefined ? {} : { onLine }),
      next: `Check that Go reaches its module proxy (go env GOPROXY) and that ${cacheDirectory} has 4 GB free, or install the Pulumi CLI, and run npm run setup again.`,
    };
    if (edits.length > 0) await editModules(edits, (args) => run(go, args, options));
    const file = join(bin, process.platform === "win32" ? `${name}.exe` : name);
    await run(go, ["build", ...flags, "-o", file, path], options);
    if (companion !== undefined) {
      const file = join(bin, basename(companion));
      await copyFile(join(environment.GOMODCACHE, companion), file);
      await chmod(file, 0o755);
    }
  });
  await sideBySide(builds);
  return bin;
}

/**
 * The directory of a command that the user has, or that is built once per user; or why there is none.
 * @param {GoCommand} command
 * @returns {Promise<{ directory: string } | { absent: string }>}
 */
export async function goCommand(command) {
  const { name, module, sources } = command;
  const own = findOnPath(name);
  if (own !== undefined) return { directory: dirname(own) };
  const entry = join(cacheDirectory, `${name}-${process.platform}-${process.arch}-${fingerprint([module], sources)}`);
  if (executableIn(entry, name) !== undefined) return { directory: entry };
  const go = findOnPath("go");
  if (go === undefined) return { absent: `there is neither ${name} nor go on PATH` };
  await makeEntry(entry, (temporary) => buildCommands([command], go, temporary));
  return { directory: entry };
}
