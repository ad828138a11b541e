import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { makeEntry } from "./cache.mjs";
import { executableIn, findOnPath } from "./executables.mjs";
import { cacheDirectory, nodeModulesDirectory, repositoryDirectory } from "./paths.mjs";
import { report, reportProgress, seconds } from "./report.mjs";
import { run } from "./run.mjs";
import { BUILT_LANGUAGE_HOST, BUILT_PULUMI } from "./versions.mjs";

const BUILD_TIMEOUT_MS = 40 * 60_000;
const VERSION_TIMEOUT_MS = 60_000;
const HASH_DIGITS = 8;
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

const TARGETS = [
  { module: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", version: BUILT_PULUMI },
  {
    module: "pulumi-language-nodejs",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: BUILT_LANGUAGE_HOST,
  },
];

/** Starts dynamic providers. CLI distributions ship it next to `pulumi`; Pulumi warns if it is in another directory. */
const LAUNCHER = "pulumi-resource-pulumi-nodejs";
const COMMANDS = [...TARGETS.map(({ module }) => module), LAUNCHER];

/** @param {string} module */
function moduleDirectory(module) {
  return join(repositoryDirectory, "tools", module);
}

export function buildFingerprint() {
  const hash = createHash("sha256");
  for (const { module } of TARGETS) {
    for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleDirectory(module), file)));
  }
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
 * @param {string} go
 * @param {string} temporary
 * @param {() => void} onLine called for each module that is downloaded and each package that is compiled
 */
async function build(go, temporary, onLine) {
  const scratch = join(temporary, "go");
  const environment = goEnvironment(scratch);
  await mkdir(environment.GOTMPDIR, { recursive: true });
  const made = join(temporary, "made");
  const bin = join(made, "bin");
  await mkdir(bin, { recursive: true });
  for (const target of TARGETS) {
    const linker = `-s -w -X ${VERSION_VARIABLE}=${target.version}`;
    // Without -modcacherw Go makes downloaded modules read-only, and they cannot be deleted afterwards.
    const flags = [
      "-mod=readonly",
      "-modcacherw",
      "-trimpath",
      "-v",
      "-ldflags",
      linker,
      "-o",
      join(bin, target.module),
    ];
    if (process.platform === "win32") flags.push(`${flags.pop()}.exe`);
    await run(go, ["build", ...flags, target.package], {
      cwd: moduleDirectory(target.module),
      env: environment,
      timeoutMs: BUILD_TIMEOUT_MS,
      onLine,
      next: `Check that Go reaches its module proxy (go env GOPROXY) and that ${cacheDirectory} has 4 GB free, or install the Pulumi CLI, and run npm run setup again.`,
    });
  }
  const launcher = process.platform === "win32" ? `${LAUNCHER}.cmd` : LAUNCHER;
  await copyFile(join(nodeModulesDirectory, "@pulumi", "pulumi", launcher), join(bin, launcher));
  await run(join(bin, "pulumi"), ["version"], {
    cwd: temporary,
    env: { ...process.env, PULUMI_HOME: join(temporary, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: VERSION_TIMEOUT_MS,
    next: "The built CLI does not run on this machine. Install the Pulumi CLI and run npm run setup again.",
  });
  return made;
}

/** @returns {Promise<{ directory: string, version: string } | { refused: string }>} */
export async function engineFromBuild() {
  const name = `pulumi-${BUILT_PULUMI}-${process.platform}-${process.arch}-${buildFingerprint()}`;
  const entry = join(cacheDirectory, name);
  const engine = { directory: join(entry, "bin"), version: BUILT_PULUMI };
  if (COMMANDS.every((command) => executableIn(engine.directory, command))) return engine;
  const go = findOnPath("go");
  if (go === undefined) return { refused: "no go on PATH to build it with" };
  const started = performance.now();
  const going = reportProgress("engine", `building Pulumi ${BUILT_PULUMI}, once per user (4-6 min)`);
  let lines = 0;
  const count = () => going.detail(`, step ${++lines}`);
  try {
    await makeEntry(entry, (temporary) => build(go, temporary, count));
  } finally {
    going.end();
  }
  report("engine", `built in ${seconds(started)}`);
  return engine;
}
