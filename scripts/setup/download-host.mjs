import { codeOf } from "../../tools/harness/errors.mjs";

/** The first download of the npm package `pulumi`. */
const INSTALLER = "https://get.pulumi.com/install.sh";
const ATTEMPT_TIMEOUT_MS = 3_000;

export async function downloadHost() {
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
