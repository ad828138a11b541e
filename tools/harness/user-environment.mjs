import { pulumiEnvironment } from "../../scripts/setup/environment.mjs";

const OF_NYLAS = /^NYLAS_/;

/** Settings of the `npm run` around us, which would apply to the project of the command as well. */
const OF_OUTER_RUN =
  /^npm_(package|lifecycle|command|config_(local_prefix|workspaces?|include_workspace_root|ignore_scripts)$)/;

/**
 * What a user's shell would have: `npm run` around us tells its own settings to whatever it starts.
 * @param {Record<string, string>} [overrides]
 */
export function userEnvironment(overrides) {
  return Object.fromEntries(Object.entries(pulumiEnvironment(overrides)).filter(([name]) => !OF_OUTER_RUN.test(name)));
}

/**
 * Deletes variables of the caller's shell from the environment. It may name a real application of Nylas, which nothing
 * here may reach.
 * @param {RegExp} [names]
 */
export function clearEnvironment(names = OF_NYLAS) {
  for (const name of Object.keys(process.env)) if (names.test(name)) delete process.env[name];
}

/** Lets requests to servers on this machine pass over the proxies of the environment. The spelling in lower case takes precedence. */
export function passOverProxies() {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const hosts = process.env[name];
    process.env[name] = hosts ? `${hosts},127.0.0.1` : "127.0.0.1";
  }
}
