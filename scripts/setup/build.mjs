import { join } from "node:path";
import { executableIn } from "./executables.mjs";
import { nodeModulesDirectory, repositoryDirectory } from "./paths.mjs";
import { report, reportProgress, seconds } from "./report.mjs";
import { run } from "./run.mjs";

const BUILD_TIMEOUT_MS = 5 * 60_000;
const PACKAGES = ["provider", "emulator"];

/** @param {{ directory: string }} node */
export async function buildPackages(node) {
  const started = performance.now();
  const command = executableIn(node.directory, "node") ?? process.execPath;
  const compiler = join(nodeModulesDirectory, "typescript", "bin", "tsc");
  const options = {
    cwd: repositoryDirectory,
    timeoutMs: BUILD_TIMEOUT_MS,
    next: "Fix the sources, or run git stash to check whether the committed state compiles.",
  };
  const going = reportProgress("build", `compiling ${PACKAGES.join(" and ")} (usually under 15 s)`);
  try {
    await run(command, [compiler, "-b", ...PACKAGES], options);
    for (const script of ["bundle.mjs", "build-plugin.mjs"]) {
      await run(command, [join(repositoryDirectory, "scripts", script)], options);
    }
  } finally {
    going.end();
  }
  report("build", `${PACKAGES.join(" and ")} compiled in ${seconds(started)}`);
}
