/** Pulumi's wire format. `main` passes property values on without decoding the envelopes of secrets and outputs. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** @param {unknown} value */
export function secret(value) {
  return { [SIGNATURE]: SECRET, value };
}

/**
 * The value without its envelopes, at any depth.
 * @param {unknown} value
 * @returns {unknown}
 */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const kind = SIGNATURE in value ? value[SIGNATURE] : undefined;
  if (kind === SECRET || kind === OUTPUT) return "value" in value ? plain(value.value) : UNKNOWN;
  return plainProperties({ ...value });
}

/**
 * The properties of a resource, each without its envelopes.
 * @param {Record<string, unknown>} properties
 * @returns {Record<string, unknown>}
 */
export function plainProperties(properties) {
  return Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, plain(inner)]));
}
