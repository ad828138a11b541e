/**
 * The rule that the form describes, as `PUT /_emulator/faults` takes it. What is left empty is left out, and whatever is wrong
 * with it the emulator says better.
 * @param {Record<string, string>} fields
 * @returns {Record<string, unknown>}
 */
export function ruleOf(fields) {
  const { method, path, connection, retryAfter, replacesBody, body, contentType, afterEffect } = fields;
  return {
    ...(method ? { method } : {}),
    ...(path ? { path } : {}),
    ...Object.fromEntries(NUMBERS.filter((name) => fields[name]).map((name) => [name, Number(fields[name])])),
    ...(retryAfter ? { retryAfter: /^\d+$/.test(retryAfter) ? Number(retryAfter) : retryAfter } : {}),
    ...(replacesBody ? { body, ...(contentType ? { contentType } : {}) } : {}),
    ...(connection ? { [connection]: true } : {}),
    ...(afterEffect ? { afterEffect: true } : {}),
  };
}

const NUMBERS = ["nth", "times", "probability", "status", "delayMs"];

/** Characters of a body in a list. */
const SHOWN_BODY = 40;

/**
 * What a rule does, in few words.
 * @param {Record<string, unknown>} fields those that say what becomes of a request
 */
export function inWords(fields) {
  return Object.entries(fields)
    .map(([name, value]) => (value === true ? name : `${name} ${shortened(String(value))}`))
    .join(", ");
}

/** @param {string} text */
function shortened(text) {
  return text.length > SHOWN_BODY ? `${text.slice(0, SHOWN_BODY)}…` : text;
}
