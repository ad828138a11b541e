/** What the npm package `pulumi` fetches first; the engine's plugins come from the same host. */
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
    const why =
      error.name === "TimeoutError" ? `${ATTEMPT_TIMEOUT_MS / 1000} s passed` : (error.cause?.code ?? error.message);
    return { reachable: false, answer: `${host} is not reachable from here (${why})` };
  }
}

/** One attempt for the engine and the plugin together, so that a network without the host costs its limit once. */
export function downloadHost() {
  attempt ??= ask();
  return attempt;
}
