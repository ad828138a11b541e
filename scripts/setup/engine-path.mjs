import { statSync } from "node:fs";
import { dirname } from "node:path";
import { executableIn, findOnPath } from "./executables.mjs";
import { pulumiHomeDirectory, repositoryDirectory } from "./paths.mjs";
import { run, shortReason } from "./run.mjs";
import { isAtLeast, MINIMUM_PULUMI } from "./versions.mjs";

const VERSION_TIMEOUT_MS = 20_000;
const HOST = "pulumi-language-nodejs";

/** @returns {{ command: string, host: string | undefined } | undefined} */
function found() {
  const command = findOnPath("pulumi");
  if (command === undefined) return undefined;
  return { command, host: executableIn(dirname(command), HOST) ?? findOnPath(HOST) };
}

/** Changes when another `pulumi` comes first on PATH or its file is replaced. */
export function pathFingerprint() {
  const { command, host } = found() ?? {};
  return [command, host].map((file) => {
    if (file === undefined) return "none";
    const { mtimeMs, size } = statSync(file);
    return `${file} ${mtimeMs} ${size}`;
  });
}

/** @returns {Promise<{ directory: string, version: string } | { refused: string }>} */
export async function engineOnPath() {
  const { command, host } = found() ?? {};
  if (command === undefined) return { refused: "no pulumi on PATH" };
  if (host === undefined) return { refused: `${command} comes without ${HOST}` };
  try {
    const version = await run(command, ["version"], {
      cwd: repositoryDirectory,
      env: { ...process.env, PULUMI_HOME: pulumiHomeDirectory, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeoutMs: VERSION_TIMEOUT_MS,
      next: "",
    });
    if (isAtLeast(version, MINIMUM_PULUMI)) return { directory: dirname(command), version: version.replace(/^v/, "") };
    return { refused: `${command} is ${version}, older than ${MINIMUM_PULUMI}` };
  } catch (error) {
    return { refused: `${command} does not work: ${shortReason(error)}` };
  }
}
