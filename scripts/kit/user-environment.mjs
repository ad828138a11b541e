import { pulumiEnvironment } from "../setup/environment.mjs";

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
