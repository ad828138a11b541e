/** The SDK requires Node 22; 22.12 is the first release in which CommonJS programs can require an ESM package. */
export const MINIMUM_NODE = "22.12.0";
/** The first CLI whose dynamic providers may return inputs from `read`. */
export const MINIMUM_PULUMI = "3.216.0";
export const NPM_PULUMI = "3.265.0";
export const BUILT_PULUMI = "3.255.0";
export const BUILT_LANGUAGE_HOST = "3.68.0";
/** The release check and the trials of compatibility run it. It is no dependency of this project: it has 68 MB. */
export const PNPM = "12.21.0";

const numeric = new Intl.Collator("en", { numeric: true });

/**
 * @param {string} version as tools print it, with or without a leading v
 * @param {string} minimum
 */
export function isAtLeast(version, minimum) {
  return numeric.compare(version.trim().replace(/^v/, ""), minimum) >= 0;
}
