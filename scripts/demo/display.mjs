import * as util from "node:util";
import { COLUMNS, print, progress } from "../../tools/harness/progress.mjs";

/** @typedef {"bold" | "dim" | "green" | "yellow" | "red"} Style */

/** What the engine prints for programs, or what the demo says better. */
const NOISE =
  /^$|^@ |^(Updating|Destroying) \(|^(Resources|Duration):|^The resources in the stack have been|^If you want to remove|pulumi:pulumi:Stack/;
/** A resource that the engine works on. */
const ONGOING = /^ *([+~-]) +\S+:(\w+) (\S+) (creating|updating|deleting) \(/;
/** A resource that is done, and how many are. */
const CHANGE = /^ *([+~-]) /;

/** @type {Record<string, Style>} */
const STYLE_OF = { "+": "green", "~": "yellow", "-": "red" };

/** @param {string} text @param {Style} [style] */
export function say(text, style) {
  print(process.stdout, style === undefined ? text : styled(style, text));
}

/**
 * @template T
 * @param {string} text
 * @param {() => Promise<T>} work
 */
export async function during(text, work) {
  const going = progress(text);
  try {
    return await work();
  } finally {
    going.end();
  }
}

/**
 * Shows a command of Pulumi's: what it has done, and on a terminal what it is doing.
 * @param {string} command
 */
export function showCommand(command) {
  say(`$ ${command}`, "dim");
  const going = progress(command, { announced: true });
  return {
    /** @param {string} line */
    line: (line) => {
      const [, , type, name, verb] = ONGOING.exec(line) ?? [];
      if (verb !== undefined) {
        going.detail(`: ${verb} ${type} ${name}`);
      } else if (!NOISE.test(line)) {
        const [, operation = ""] = CHANGE.exec(line) ?? [];
        say(line.trimEnd(), STYLE_OF[operation]);
      }
    },
    end: going.end,
  };
}

/** @param {Record<string, string | Record<string, string>>} outputs */
export function outputLines(outputs) {
  const rows = Object.entries(outputs).flatMap(([name, value]) =>
    typeof value === "string"
      ? [[name, value]]
      : Object.entries(value).map(([key, element]) => [`${name}.${key}`, element]),
  );
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return ["  Outputs", ...rows.map(([name = "", value = ""]) => cut(`    ${name.padEnd(width)}  ${value}`))];
}

/** @param {string} line */
function cut(line) {
  return line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line;
}

/** @param {readonly { what: string, writes: number, seconds: number }[]} steps */
export function table(steps) {
  const width = Math.max(...steps.map(({ what }) => what.length));
  return steps.map(({ what, writes, seconds }) => {
    const count = `${String(writes).padStart(2)} ${writes === 1 ? "write " : "writes"}`;
    return `  ${what.padEnd(width)}  ${count}  ${seconds.toFixed(1).padStart(4)} s`;
  });
}

/**
 * Only on a terminal, unless NO_COLOR or FORCE_COLOR says otherwise. Node 18, which may run the first demo of a clone,
 * has no `styleText`.
 * @param {Style} style
 * @param {string} text
 */
function styled(style, text) {
  return util.styleText?.(style, text, { stream: process.stdout }) ?? text;
}
