import { isDeepStrictEqual } from "node:util";
import { hasCharacters, randomCharacters } from "./characters.mjs";
import { plainProperties, secret, UNKNOWN } from "./values.mjs";

const DEFAULTS = {
  lower: true,
  upper: true,
  numeric: true,
  number: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};
const FLAGS = /** @type {const} */ (["lower", "upper", "numeric", "number", "special"]);
const MINIMA = /** @type {const} */ (["minLower", "minUpper", "minNumeric", "minSpecial"]);
const INPUTS = ["length", "keepers", "overrideSpecial", ...FLAGS, ...MINIMA];

/** @typedef {import("./characters.mjs").Rules & Record<string, unknown>} Arguments */
/** @typedef {{ id: (result: string) => string, protect: (result: string) => unknown }} ResourceType */

/** @type {Record<string, ResourceType>} */
const TYPES = {
  "random:index/randomString:RandomString": { id: (result) => result, protect: (result) => result },
  "random:index/randomPassword:RandomPassword": { id: () => "none", protect: secret },
};

/** @param {string} urn */
function typeOf(urn) {
  const token = urn.split("::")[2]?.split("$").at(-1);
  const type = TYPES[token ?? ""];
  if (type) return type;
  throw new Error(
    `This repository's stand-in for the random plugin makes RandomString and RandomPassword only, not ${token}. ` +
      "Install the real plugin (pulumi plugin install resource random) where Pulumi's download host can be reached.",
  );
}

/** @param {Record<string, unknown>} properties in wire format */
function rulesOf(properties) {
  const given = plainProperties(properties);
  const numeric = given.numeric ?? given.number ?? DEFAULTS.numeric;
  /** @type {Record<string, unknown>} */
  const rules = { ...DEFAULTS, ...given, numeric, number: numeric };
  // The engine calls `check` first, and `failuresOf` rejects every other type.
  return /** @type {Arguments} */ (rules);
}

/** @param {number} least @param {unknown} value */
function isIntegerFrom(least, value) {
  return typeof value === "number" && Number.isInteger(value) && value >= least;
}

/** @param {Record<string, unknown>} given */
function failuresOf(given) {
  /** @type {{ property: string, reason: string }[]} */
  const failures = [];
  /** @param {string} property @param {string} reason */
  const fail = (property, reason) => failures.push({ property, reason });
  /** @param {string} name */
  const isKnown = (name) => given[name] !== undefined && given[name] !== null && given[name] !== UNKNOWN;
  if (given.length === undefined || given.length === null) fail("length", "is required: how many characters to make");
  else if (isKnown("length") && !isIntegerFrom(1, given.length)) {
    fail("length", "must be a whole number of at least 1");
  }
  for (const name of MINIMA.filter(isKnown)) {
    if (!isIntegerFrom(0, given[name])) fail(name, "must be a whole number of at least 0");
  }
  for (const name of FLAGS.filter(isKnown)) {
    if (typeof given[name] !== "boolean") fail(name, "must be true or false");
  }
  if (isKnown("overrideSpecial") && typeof given.overrideSpecial !== "string")
    fail("overrideSpecial", "must be a string");
  if (isKnown("keepers") && (typeof given.keepers !== "object" || Array.isArray(given.keepers))) {
    fail("keepers", "must be a map");
  }
  if (isKnown("numeric") && isKnown("number") && given.numeric !== given.number) {
    fail("number", "contradicts numeric, of which it is the deprecated name; give numeric only");
  }
  if (failures.length > 0 || Object.values(given).includes(UNKNOWN)) return failures;
  const rules = rulesOf(given);
  const least = MINIMA.reduce((sum, name) => sum + rules[name], 0);
  if (rules.length < least) fail("length", `must be at least ${least}, the sum of ${MINIMA.join(", ")}`);
  else if (rules.length > least && !hasCharacters(rules)) {
    fail("length", "cannot be reached: lower, upper, numeric and special are all false");
  }
  return failures;
}

/** @type {import("@pulumi/pulumi/provider/index.js").Provider} */
export const provider = {
  version: "4.21.2",

  async check(urn, _olds, news) {
    typeOf(urn);
    return { inputs: news, failures: failuresOf(plainProperties(news)) };
  },

  async diff(_id, urn, olds, news) {
    typeOf(urn);
    const before = rulesOf(olds);
    const after = rulesOf(news);
    const replaces = INPUTS.filter((name) => !isDeepStrictEqual(before[name] ?? undefined, after[name] ?? undefined));
    return { changes: replaces.length > 0, replaces };
  },

  async create(urn, inputs) {
    const type = typeOf(urn);
    const rules = rulesOf(inputs);
    const result = randomCharacters(rules);
    // The inputs stay in wire format, so that a secret input is a secret output.
    return {
      id: type.id(result),
      outs: { ...rules, ...inputs, number: rules.numeric, numeric: rules.numeric, result: type.protect(result) },
    };
  },

  async read(id, urn, props) {
    const type = typeOf(urn);
    if (plainProperties(props ?? {}).result !== undefined) return { id, props };
    // `RandomString.get(name, id)`: only the string itself is known, and it is the id.
    return { id, props: { ...rulesOf({ length: [...id].length }), result: type.protect(id) } };
  },

  async update(urn) {
    throw new Error(`${urn}: every change replaces the resource, so the engine must not ask for an update.`);
  },

  async delete() {},
};
