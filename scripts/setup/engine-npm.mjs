import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isInterrupted } from "../../tools/harness/interruption.mjs";
import { makeEntry } from "./cache.mjs";
import { downloadHost } from "./download-host.mjs";
import { executableIn } from "./executables.mjs";
import { npm } from "./npm.mjs";
import { cacheDirectory } from "./paths.mjs";
import { report, reportProgress, seconds } from "./report.mjs";
import { run, shortReason } from "./run.mjs";
import { NPM_PULUMI } from "./versions.mjs";

const INSTALL_TIMEOUT_MS = 5 * 60_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const NEXT = "Set-up continues with the Go build.";
const COMMANDS = ["pulumi", "pulumi-language-nodejs"];

/** @param {string} temporary */
async function download(temporary) {
  // `pulumi` is no dependency of this project: node_modules/.bin/pulumi would hide the user's own CLI from npm scripts.
  await npm(["install", "--prefix", temporary, "--no-save", "--no-package-lock", `pulumi@${NPM_PULUMI}`], {
    cwd: temporary,
    timeoutMs: INSTALL_TIMEOUT_MS,
    next: NEXT,
  });
  const scratch = join(temporary, "tmp");
  await mkdir(scratch);
  const home = join(temporary, "home");
  const { PULUMI_VERSION: _, ...environment } = process.env;
  await run(process.execPath, [join(temporary, "node_modules", "pulumi", "run.js"), "version"], {
    cwd: temporary,
    env: { ...environment, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true", TMPDIR: scratch, TEMP: scratch },
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    next: NEXT,
  });
  const made = join(home, "versions", NPM_PULUMI);
  for (const command of COMMANDS) {
    if (!executableIn(join(made, "bin"), command)) throw new Error(`its installer left no ${command}`);
  }
  return made;
}

/** @returns {Promise<{ directory: string, version: string } | { refused: string }>} */
export async function engineFromNpm() {
  const entry = join(cacheDirectory, `pulumi-npm-${NPM_PULUMI}-${process.platform}-${process.arch}`);
  const engine = { directory: join(entry, "bin"), version: NPM_PULUMI };
  if (COMMANDS.every((command) => executableIn(engine.directory, command))) return engine;
  const { reachable, answer } = await downloadHost();
  if (!reachable) return { refused: answer };
  const started = performance.now();
  const going = reportProgress("engine", `downloading Pulumi ${NPM_PULUMI} (one to two minutes)`);
  try {
    await makeEntry(entry, download);
  } catch (error) {
    if (isInterrupted()) throw error;
    return { refused: `the npm package pulumi ${NPM_PULUMI} failed: ${shortReason(error)}` };
  } finally {
    going.end();
  }
  report("engine", `downloaded in ${seconds(started)}`);
  return engine;
}
