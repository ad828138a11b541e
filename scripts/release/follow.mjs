import { messageOf } from "../../tools/harness/errors.mjs";
import { stepsOf } from "../documentation/markdown.mjs";
import { run } from "../setup/run.mjs";

/** Longest time for the commands of one shell, in milliseconds. */
const SHELL_TIMEOUT_MS = 15 * 60_000;
const MARK = "=== follow ";
const END = "end of a followed block";
/** What a page writes for this, in its output: each run has others. */
const VARYING = /([0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{8}\b|\d+(?:\.\d+)?s\b|…|\s+)/;

/**
 * @typedef {import("../documentation/markdown.mjs").Step} Step
 *
 * @typedef {object} Start where a reader stands at a heading: a shell of its own, which all blocks to the next start share
 * @property {string} directory
 * @property {string} prelude commands of bash before the first block
 * @property {Record<string, string>} env
 *
 * @typedef {object} Command what runs, and what the page says that it prints
 * @property {number} line in the page, 0 for a comment
 * @property {string} code
 * @property {string[]} shown
 */

/**
 * Runs the fenced commands of a page from top to bottom, and throws at the first one that does not do what the page says. Every
 * `sh` block must succeed. Of a `console`, each command must, and print the lines that the page shows in their order; between
 * them it may print others. An HTML comment above a block can say otherwise:
 *
 * - `follow: skip, <reason>`: this block needs what is not here.
 * - `follow: fails`: the commands of this block fail.
 * - `follow: write <file>`, `follow: append <file>`: the block is text for a file.
 *
 * A comment by itself, `follow: run` with commands below it, is what happens around the reader.
 * @param {string} page its path in the repository
 * @param {string} text
 * @param {Record<string, Start>} starts by the heading from which they hold; "" for the top of the page
 * @param {readonly (readonly [string, string])[]} replacements what takes the place of the page's examples, such as a host
 */
export async function followPage(page, text, starts, replacements) {
  const steps = stepsOf(text);
  const unknown = Object.keys(starts).filter(
    (start) => start !== "" && !steps.some(({ heading }) => heading === start),
  );
  if (unknown.length > 0) throw new Error(`${page} has no block below "${unknown.join('", "')}".`);
  const ids = new Map();
  /** @type {Map<string, Command[]>} */
  const shells = new Map();
  let shell = "";
  for (const step of steps) {
    if (step.heading in starts) shell = step.heading;
    const commands = commandsOf(step, replacements);
    shells.set(shell, [...(shells.get(shell) ?? []), ...commands]);
  }
  for (const [heading, commands] of shells) {
    const start = starts[heading];
    if (commands.length === 0) continue;
    if (start === undefined) throw new Error(`${page}:${commands[0]?.line}: nothing says where its reader stands.`);
    await followShell(page, start, commands, ids);
  }
}

/** @param {Step} step @param {readonly (readonly [string, string])[]} replacements @returns {Command[]} */
function commandsOf({ comment, block }, replacements) {
  const [, instruction = "", rest = ""] = /^follow: (\w+),?\s*(.*)$/s.exec(comment ?? "") ?? [];
  /** @param {string} text */
  const adapted = (text) => replacements.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  if (block === undefined) return instruction === "run" ? [{ line: 0, code: rest, shown: [] }] : [];
  const { language, line } = block;
  if (instruction === "skip") {
    if (rest === "") throw new Error(`Line ${line} is skipped without a reason.`);
    return [];
  }
  const code = adapted(block.code);
  if (instruction === "write") return [{ line, code: `cat > ${rest} <<'${END}'\n${code}${END}`, shown: [] }];
  if (instruction === "append") return [{ line, code: `cat >> ${rest} <<'${END}'\n${code}${END}`, shown: [] }];
  if (language !== "sh" && language !== "console") return [];
  const commands = language === "sh" ? [{ line, code, shown: [] }] : consoleCommands(code, line);
  if (instruction !== "fails") return commands;
  return commands.map((command) => ({
    ...command,
    code: `if\n${command.code}\nthen echo "The page says that it fails."; exit 1; fi`,
  }));
}

/** What follows a dollar sign, up to where it ends, and the output below it. @param {string} code @param {number} line */
function consoleCommands(code, line) {
  /** @type {Command[]} */
  const commands = [];
  let isContinued = false;
  for (const [index, text] of code.split("\n").entries()) {
    const last = commands.at(-1);
    if (text.startsWith("$ ")) commands.push({ line: line + 1 + index, code: text.slice(2), shown: [] });
    else if (isContinued && last !== undefined) last.code += `\n${text}`;
    else if (text.trim() !== "") last?.shown.push(text.trim());
    isContinued = (isContinued || text.startsWith("$ ")) && text.endsWith("\\");
  }
  return commands;
}

/** @param {string} page @param {Start} start @param {readonly Command[]} commands @param {Map<string, string>} ids */
async function followShell(page, { directory, prelude, env }, commands, ids) {
  const script = [
    "exec 2>&1",
    "set -eo pipefail",
    "trap 'kill $NYLAS_EMULATOR_PID $EMULATORS 2> /dev/null || true' EXIT",
    "before_command() { :; }",
    prelude,
    ...commands.flatMap(({ code }, index) => [`echo; echo "${MARK}${index}"`, "before_command", code]),
  ].join("\n");
  /** @type {string[]} */
  const printed = [];
  /** @type {unknown} */
  let failure;
  try {
    await run("bash", ["-c", script], {
      cwd: directory,
      env,
      timeoutMs: SHELL_TIMEOUT_MS,
      next: "",
      onLine: (line) => printed.push(line),
    });
  } catch (error) {
    failure = error;
  }
  const [before = "", ...outputs] = printed.join("\n").split(new RegExp(`^${MARK}\\d+$`, "m"));
  if (outputs.length === 0)
    throw new Error(`${page}: its surroundings cannot be made:\n${before}${messageOf(failure)}`);
  for (const [index, output] of outputs.entries()) {
    const { line, code, shown } = /** @type {Command} */ (commands[index]);
    const place = `${page}:${line}: ${code}`;
    if (failure !== undefined && index === outputs.length - 1) throw new Error(`${place}\nfailed:\n${output.trim()}`);
    const absent = firstAbsent(shown, output, ids);
    if (absent !== undefined)
      throw new Error(`${place}\ndid not print "${absent}", in this place of:\n${output.trim()}`);
  }
}

/**
 * The first line that the output does not have, after those before it. Durations may differ; an id that a page shows twice is one
 * id; an ellipsis is any text.
 * @param {readonly string[]} shown
 * @param {string} output
 * @param {Map<string, string>} ids of this run, by those in the page
 */
function firstAbsent(shown, output, ids) {
  let from = 0;
  for (const line of shown) {
    /** @type {string[]} */
    const met = [];
    const pattern = line.split(VARYING).map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      if (part.trim() === "") return "\\s+";
      if (part === "…") return "[^]*?";
      if (/s$/.test(part)) return "\\d+(?:\\.\\d+)?m?s";
      const known = ids.get(part);
      if (known !== undefined) return known;
      met.push(part);
      return part.length === 8 ? "([0-9a-f]{8})" : "([0-9a-f-]{36})";
    });
    const found = new RegExp(pattern.join("")).exec(output.slice(from));
    if (found === null) return line;
    for (const [index, id] of met.entries()) ids.set(id, found[index + 1] ?? id);
    from += found.index + found[0].length;
  }
  return undefined;
}
