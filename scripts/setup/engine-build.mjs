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

const TARGETS = [
  {
    name: "pulumi",
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: BUILT_PULUMI,
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
 * @param {() => void} onLine called for each module that is downloaded and each package that is compiled
 */
async function build(go, temporary, onLine) {
  const bin = await buildCommands(TARGETS, go, temporary, onLine);
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
  return fingerprint(TARGETS.map(({ module }) => module));
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
