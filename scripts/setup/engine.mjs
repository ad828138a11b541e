import { engineFromBuild } from "./engine-build.mjs";
import { engineFromNpm } from "./engine-npm.mjs";
import { engineOnPath } from "./engine-path.mjs";
import { MINIMUM_PULUMI, NPM_PULUMI } from "./versions.mjs";

const SOURCES = /** @type {const} */ ([
  { kind: "path", what: "found on PATH", find: engineOnPath },
  { kind: "npm", what: `from the npm package pulumi ${NPM_PULUMI}`, find: engineFromNpm },
  { kind: "build", what: "built from its Go modules", find: engineFromBuild },
]);

/**
 * @param {Promise<void>} dependencies the engine may be built while they are being installed
 * @returns {Promise<import("./environment.mjs").Setup["engine"]>}
 */
export async function findEngine(dependencies) {
  /** @type {string[]} */
  const refusals = [];
  for (const { kind, what, find } of SOURCES) {
    const found = await find(dependencies);
    if ("directory" in found) {
      const reason = refusals.length > 0 ? `${what}: ${refusals.join("; ")}` : what;
      return { ...found, kind, reason };
    }
    refusals.push(found.refused);
  }
  throw new Error(
    `No Pulumi CLI. Tried, in this order: ${SOURCES.map(({ what }, index) => `${what} (${refusals[index]})`).join("; ")}. ` +
      `Install the Pulumi CLI ${MINIMUM_PULUMI} or newer, or Go 1.25 or newer, and run npm run setup again.`,
  );
}
