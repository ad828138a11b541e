#!/usr/bin/env node
// node plan-comment.mjs <stack> <exit code of the preview> < plan.json
// Prints what `pulumi preview --json` plans as a short comment in Markdown: names, never values.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual, stripVTControlCharacters } from "node:util";

/**
 * @typedef {object} State
 * @property {string} type
 * @property {Record<string, unknown>} [inputs]
 * @property {Record<string, unknown>} [outputs]
 * @property {boolean} [retainOnDelete]
 *
 * @typedef {{ op: string, urn: string, oldState?: State, newState?: State, replaceReasons?: string[] | null }} Step
 * @typedef {{ severity: string, message: string, urn?: string }} Diagnostic
 * @typedef {{ steps?: Step[], diagnostics?: Diagnostic[] }} Plan
 */

// GitHub refuses a comment of more than 65,536 characters. These three bounds together stay below it.
const MAX_CHANGES = 30_000;
const MAX_ERRORS = 20_000;
const MAX_WARNINGS = 8_000;
/** Longest name, and longest message, in characters. */
const MAX_NAME = 200;
const MAX_MESSAGE = 2_000;

/** How the plan masks a secret. */
const SECRET = "[secret]";
const UNCHANGED = ["same", "refresh", "read"];
/** What is worth most attention comes first. */
const ORDER = ["replace", "delete", "create", "update"];
const UNEXPLAINED = "Pulumi named no error. The log of the job says more.";

const [stack = "", status = ""] = process.argv.slice(2);
if (stack === "" || !/^\d+$/.test(status)) {
  console.error("Usage: node plan-comment.mjs <stack> <exit code of the preview> < plan.json");
  process.exit(2);
}
console.log(comment(parse(readFileSync(0, "utf8"))));

/**
 * What Pulumi printed; nothing where it failed before there was a plan.
 * @param {string} text
 * @returns {Plan}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** @param {Plan} plan */
function comment({ steps, diagnostics = [] }) {
  const errors = messages(diagnostics.filter(({ severity }) => severity === "error"));
  const warnings = messages(diagnostics.filter(isWarning));
  const parts =
    status === "0" && steps !== undefined && errors.length === 0
      ? planned(steps)
      : [`### Stack ${code(stack)}: the preview failed`, block(errors, MAX_ERRORS) || UNEXPLAINED];
  return [...parts, warnings.length === 0 ? "" : `Warnings:\n\n${block(warnings, MAX_WARNINGS)}`]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** A warning of Pulumi's, or a notice of the provider's, which Pulumi counts as information. @param {Diagnostic} diagnostic */
function isWarning({ severity, message }) {
  return severity === "warning" || (severity === "info#err" && message.startsWith("nylas: "));
}

/** @param {Step[]} steps */
function planned(steps) {
  const changes = steps.filter(({ op, urn }) => !UNCHANGED.includes(op) && typeOf(urn) !== "pulumi:pulumi:Stack");
  if (changes.length === 0) return [`### Stack ${code(stack)}`, "No changes."];
  const count = (/** @type {string} */ op) => changes.filter((step) => step.op === op).length;
  changes.sort((a, b) => rank(a.op) - rank(b.op));
  const ops = [...new Set(changes.map(({ op }) => op))];
  const summary = ops.map((op) => `${count(op)} to ${words(op)}`).join(", ");
  const refreshed = new Map(steps.filter(({ op }) => op === "refresh").map((step) => [step.urn, step]));
  const list = changes.map((step) => `- ${line(step, refreshed.get(step.urn))}`);
  return [`### Stack ${code(stack)}: ${summary}`, bounded(list, MAX_CHANGES, "\n")];
}

/**
 * One change.
 * @param {Step} step
 * @param {Step} [refreshed]
 */
function line(step, refreshed) {
  const { op, urn, oldState } = step;
  const named = `${words(op)} ${code(typeOf(urn))} ${code(nameOf(urn))}${properties(step, refreshed)}`;
  if (typeOf(urn) !== "nylas:ByoImapGrant" || (op !== "delete" && op !== "replace")) return named;
  if (oldState?.retainOnDelete || (oldState?.outputs?.adopted && !oldState.inputs?.deleteAdopted)) {
    return `${named}: this stack gives the grant up, and Nylas keeps it`;
  }
  const loss = op === "delete" ? "the grant is lost" : "the mailbox gets another grant id";
  return `**${named}: ${loss}, and its history is gone**`;
}

/**
 * The names of the properties that make the difference.
 * @param {Step} step
 * @param {Step} [refreshed]
 */
function properties({ op, oldState, newState, replaceReasons }, refreshed) {
  if (oldState === undefined) return refreshed === undefined ? "" : " (it was deleted outside Pulumi)";
  if (newState === undefined || op === "delete") return "";
  const declared = differing(oldState.inputs, newState.inputs);
  const names = declared.length > 0 ? declared : (replaceReasons ?? []);
  const outside = refreshed === undefined ? [] : differing(refreshed.oldState?.outputs, oldState.outputs);
  const parts = names.map(code);
  if (outside.length > 0) parts.push(`outside Pulumi: ${outside.map(code).join(", ")}`);
  // The plan masks a secret on both sides, so a change shows only where nothing else explains the update.
  if (parts.length === 0) parts.push(...secrets(oldState.inputs).map((name) => `${code(name)}, a secret`));
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/**
 * @param {Record<string, unknown>} [before]
 * @param {Record<string, unknown>} [after]
 */
function differing(before = {}, after = {}) {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !name.startsWith("__") && !isDeepStrictEqual(before[name], after[name]));
}

/** @param {Record<string, unknown>} [inputs] */
function secrets(inputs = {}) {
  return Object.keys(inputs).filter((name) => inputs[name] === SECRET);
}

/**
 * What diagnostics say, without repetitions, stack traces and what only says that there was an error.
 * @param {Diagnostic[]} diagnostics
 */
function messages(diagnostics) {
  const texts = diagnostics.map(({ message, urn }) => {
    const text = lines(message)
      .filter((each) => !/^\s+at /.test(each))
      .join("\n")
      .replace(/^(error|warning): (Preview failed: )?/, "")
      .trim();
    if (urn === undefined) return shortened(text, MAX_MESSAGE);
    const name = clean(nameOf(urn));
    const named = text.split(`"${urn}"`).join(`"${name}"`);
    return shortened(named.includes(name) ? named : `${name}: ${named}`, MAX_MESSAGE);
  });
  const distinct = [...new Set(texts)].filter((text) => text !== "");
  return distinct.length > 1 ? distinct.filter((text) => text !== "preview failed") : distinct;
}

/**
 * Text that Markdown and HTML cannot break out of: the fence is longer than any in the text.
 * @param {string[]} texts
 * @param {number} limit
 */
function block(texts, limit) {
  if (texts.length === 0) return "";
  const text = bounded(texts, limit, "\n\n");
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** @param {string[]} all @param {number} limit @param {string} separator */
function bounded(all, limit, separator) {
  /** @type {string[]} */
  const shown = [];
  let length = 0;
  for (const text of all) {
    length += text.length + separator.length;
    if (length > limit) return [...shown, `… and ${all.length - shown.length} more`].join(separator);
    shown.push(text);
  }
  return shown.join(separator);
}

/** @param {string} text */
function code(text) {
  return `\`${shortened(clean(text), MAX_NAME).replace(/`/g, "'") || "?"}\``;
}

/** One line without control, direction and other invisible characters. @param {string} text */
function clean(text) {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
}

/** @param {string} text */
function lines(text) {
  return stripVTControlCharacters(text)
    .split("\n")
    .map((each) => each.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").trimEnd());
}

/** @param {string} text @param {number} limit */
function shortened(text, limit) {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}

/** @param {string} op */
function rank(op) {
  return ORDER.includes(op) ? ORDER.indexOf(op) : ORDER.length;
}

/** @param {string} op such as `import-replacement` */
function words(op) {
  return clean(op).replace(/[^a-z]+/g, " ");
}

/** The type without its parents and without what all types of its kind share. @param {string} urn */
function typeOf(urn) {
  const type = urn.split("::")[2] ?? "";
  return (type.split("$").pop() ?? "").replace("pulumi-nodejs:dynamic/", "").replace(":index:", ":");
}

/** @param {string} urn */
function nameOf(urn) {
  return urn.split("::").slice(3).join("::");
}
