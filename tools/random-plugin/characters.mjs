import { randomInt } from "node:crypto";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** @typedef {{ length: number, lower: boolean, upper: boolean, numeric: boolean, special: boolean, minLower: number,
 *   minUpper: number, minNumeric: number, minSpecial: number, overrideSpecial?: string }} Rules */

/** @param {Rules} rules */
function classes(rules) {
  return [
    { characters: LOWER, allowed: rules.lower, minimum: rules.minLower },
    { characters: UPPER, allowed: rules.upper, minimum: rules.minUpper },
    { characters: NUMERIC, allowed: rules.numeric, minimum: rules.minNumeric },
    { characters: rules.overrideSpecial || SPECIAL, allowed: rules.special, minimum: rules.minSpecial },
  ];
}

/** @param {Rules} rules */
export function hasCharacters(rules) {
  return classes(rules).some(({ allowed }) => allowed);
}

/** @param {string} characters */
function pick(characters) {
  const all = [...characters];
  return all[randomInt(all.length)];
}

/**
 * @param {Rules} rules
 * @returns {string} the minimum of each class, filled up from all allowed classes, in random order
 */
export function randomCharacters(rules) {
  const parts = classes(rules);
  const picked = parts.flatMap(({ characters, minimum }) => Array.from({ length: minimum }, () => pick(characters)));
  const pool = parts.map(({ characters, allowed }) => (allowed ? characters : "")).join("");
  while (picked.length < rules.length) picked.push(pick(pool));
  for (let last = picked.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [picked[last], picked[other]] = [picked[other], picked[last]];
  }
  return picked.join("");
}
