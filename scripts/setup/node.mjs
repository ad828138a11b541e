import { dirname, join } from "node:path";
import { messageOf } from "../../tools/harness/errors.mjs";
import { executableIn } from "./executables.mjs";
import { nodeModulesDirectory, repositoryDirectory } from "./paths.mjs";
import { report } from "./report.mjs";
import { run } from "./run.mjs";
import { isAtLeast, MINIMUM_NODE } from "./versions.mjs";

const VERSION_TIMEOUT_MS = 20_000;

/** @returns {Promise<{ directory: string, version: string }>} the Node that Pulumi's programs and plugins run on */
export async function findNode() {
  const directory = join(nodeModulesDirectory, "node", "bin");
  const command = executableIn(directory, "node");
  let problem = `${directory} contains no executable node`;
  if (command) {
    try {
      const version = await run(command, ["--version"], {
        cwd: repositoryDirectory,
        timeoutMs: VERSION_TIMEOUT_MS,
        next: "Its npm package is `node`.",
      });
      report("node", `${version}, from the npm package \`node\``);
      return { directory, version: version.replace(/^v/, "") };
    } catch (error) {
      problem = messageOf(error);
    }
  }
  const running = process.versions.node;
  if (isAtLeast(running, MINIMUM_NODE)) {
    report("node", `v${running}, the running one (the Node of the npm package \`node\` does not work here)`);
    return { directory: dirname(process.execPath), version: running };
  }
  throw new Error(
    `No suitable Node. Pulumi's SDK needs at least ${MINIMUM_NODE}; this is ${running}, and the npm package \`node\`, ` +
      `which brings a newer one, does not work here: ${problem}. ` +
      `Start with Node ${MINIMUM_NODE} or newer, or allow npm to run install scripts (npm config get ignore-scripts), ` +
      "delete node_modules and run npm run setup again.",
  );
}
