import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeEntry } from "./cache.mjs";
import { executableIn, findOnPath } from "./executables.mjs";
import { buildCommands, fingerprint } from "./go-build.mjs";
import { cacheDirectory, nodeModulesDirectory } from "./paths.mjs";
import { report, reportProgress, seconds } from "./report.mjs";
import { run } from "./run.mjs";
import { BUILT_LANGUAGE_HOST, BUILT_PULUMI } from "./versions.mjs";

const VERSION_TIMEOUT_MS = 60_000;

const STRENGTH_ESTIMATORS = ["github.com/nbutton23/zxcvbn-go", "github.com/ccojocar/zxcvbn-go"];
const GOOGLE_STORAGE = "cloud.google.com/go/storage";

/**
 * What Pulumi does at the start of every command, or compiles, for nothing. Two estimators of a password's strength read their word
 * lists, half the processor time of `pulumi version`; here they read them at the first estimate. A hundred packages serve a transport
 * of Google Cloud Storage that Pulumi does not open. go.mod replaces a version of go-runewidth that looks up the width of
 * every Unicode code point at the start.
 */
const EDITS = [
  ...STRENGTH_ESTIMATORS.flatMap((module) => [
    { module, file: "frequency/frequency.go", from: "func init() {", to: "func Load() {" },
    { module, file: "matching/matching.go", from: "func init() {\n\tloadFrequencyList()\n}\n", to: "" },
    {
      module,
      file: "matching/matching.go",
      from: "func loadFrequencyList() {",
      to: "func loadFrequencyList() {\n\tfrequency.Load()",
    },
  ]),
  ...["grpc_dp.go", "grpc_dp_diag.go"].map((file) => ({
    module: GOOGLE_STORAGE,
    file,
    from: '\t_ "google.golang.org/grpc/balancer/rls"\n\t_ "google.golang.org/grpc/xds/googledirectpath"\n',
    to: "",
  })),
];

const TARGETS = [
  {
    name: "pulumi",
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: BUILT_PULUMI,
    edits: EDITS,
  },
  {
    name: "pulumi-language-nodejs",
    module: "pulumi-language-nodejs",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: BUILT_LANGUAGE_HOST,
  },
];

/** Starts dynamic providers. CLI distributions ship it next to `pulumi`; Pulumi warns if it is in another directory. */
const LAUNCHER = "pulumi-resource-pulumi-nodejs";
const COMMANDS = [...TARGETS.map(({ name }) => name), LAUNCHER];

/**
 * @param {string} go
 * @param {string} temporary
 * @param {Promise<void>} dependencies
 * @param {() => void} onLine called for each module that is downloaded and each package that is compiled
 */
async function build(go, temporary, dependencies, onLine) {
  const bin = await buildCommands(TARGETS, go, temporary, onLine);
  await dependencies;
  const launcher = process.platform === "win32" ? `${LAUNCHER}.cmd` : LAUNCHER;
  await copyFile(join(nodeModulesDirectory, "@pulumi", "pulumi", launcher), join(bin, launcher));
  await run(join(bin, "pulumi"), ["version"], {
    cwd: temporary,
    env: { ...process.env, PULUMI_HOME: join(temporary, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: VERSION_TIMEOUT_MS,
    next: "The built CLI does not run on this machine. Install the Pulumi CLI and run npm run setup again.",
  });
  return dirname(bin);
}

export function buildFingerprint() {
  return fingerprint(
    TARGETS.map(({ module }) => module),
    [],
    EDITS,
  );
}

/**
 * @param {Promise<void>} dependencies
 * @returns {Promise<{ directory: string, version: string } | { refused: string }>}
 */
export async function engineFromBuild(dependencies) {
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
    await makeEntry(entry, (temporary) => build(go, temporary, dependencies, count));
  } finally {
    going.end();
  }
  report("engine", `built in ${seconds(started)}`);
  return engine;
}
