import { codeOf } from "../../tools/harness/errors.mjs";

/** The first download of the npm package `pulumi`. Pulumi's plugins come from the same host. */
const INSTALLER = "https://get.pulumi.com/install.sh";
const ATTEMPT_TIMEOUT_MS = 3_000;

/** @type {Promise<{ reachable: boolean, answer: string }> | undefined} */
let attempt;

async function ask() {
  const { host } = new URL(INSTALLER);
  try {
    const response = await fetch(INSTALLER, { method: "HEAD", signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS) });
    return { reachable: response.ok, answer: `${host} answered HTTP ${response.status}` };
  } catch (error) {
    return { reachable: false, answer: `${host} is not reachable from here (${reasonOf(error)})` };
  }
}

/** @param {unknown} error of `fetch`, which keeps the system's error as its cause */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  return error.name === "TimeoutError"
    ? `no answer within ${ATTEMPT_TIMEOUT_MS / 1000} s`
    : (codeOf(error.cause) ?? error.message);
}

/** Asks once for both the engine and the plugin, so that an unreachable host costs one time-out only. */
export function downloadHost() {
  attempt ??= ask();
  return attempt;
}
