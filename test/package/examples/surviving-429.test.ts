import { execFile } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import { userEnvironment } from "../../support/npm.js";

const root = join(import.meta.dirname, "../../..");
const example = join(root, "examples/surviving-429");
/** Validates the answers of the example's emulators against Nylas's contract. */
const preload = pathToFileURL(join(root, "test/conformance/contract/preload.ts")).href;

/** Inside the repository, so that the copies resolve the same packages as the example. */
let directory: string;

interface Result {
  /** Exit code of `npm test`. */
  code: number;
  passed: number;
  /** By name. */
  failed: string[];
  output: string;
}

function npmTest(cwd: string, ...options: string[]): Promise<Result> {
  const env = { ...userEnvironment(), NODE_OPTIONS: `--import ${preload}` };
  return new Promise((resolve) => {
    execFile("npm", ["test", "--", "--test-reporter=tap", ...options], { cwd, env }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : Number(error.code),
        passed: Number(/^# pass (\d+)$/m.exec(stdout)?.[1]),
        failed: [...stdout.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, name = ""]) => name),
        output: stdout + stderr,
      });
    });
  });
}

/** Copies the example and replaces one piece of text. */
function copyWith(name: string, file: string, from: string, to: string): string {
  const copy = join(directory, name);
  cpSync(example, copy, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const text = readFileSync(join(copy, file), "utf8");
  expect(text.split(from), `${file} has that place once`).toHaveLength(2);
  writeFileSync(
    join(copy, file),
    text.replace(from, () => to),
  );
  return copy;
}

beforeAll(() => {
  directory = makeWorkDirectory("surviving-429");
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("examples/surviving-429 survives its storms", async () => {
  const { code, passed, failed, output } = await npmTest(example);
  expect({ code, failed }, output).toEqual({ code: 0, failed: [] });
  expect(passed).toBeGreaterThan(0);
});

it.concurrent.each([
  ["repeats nothing", "patience.mjs", "attempt === attempts", "true", "a storm of 429"],
  ["has no end", "patience.mjs", "attempt === attempts", "attempt === 10 * attempts", "a storm without an end"],
  ["is deaf to Retry-After", "patience.mjs", '?.["retry-after"]', '?.["no-such-header"]', "Retry-After: no worker"],
  [
    "lets each worker wait for itself",
    "patience.mjs",
    "this.#quietUntil = Math.max(this.#quietUntil, Date.now() + asked);",
    "await pause(asked);",
    "Retry-After: no worker",
  ],
  ["does not wait longer each time", "patience.mjs", "2 ** (attempt - 1)", "0.1", "without Retry-After the waits grow"],
  [
    "sends without a key",
    "digest.mjs",
    '"Idempotency-Key": randomUUID()',
    '"X-Key": randomUUID()',
    "but its answer is lost",
  ],
  ["asks a lost mailbox again and again", "patience.mjs", "PASSING = [", "PASSING = [401, ", "a mailbox that is lost"],
  ["does not escape what strangers write", "digest.mjs", '/[&<>"]/g', '/[&"]/g', "a quiet night"],
])("its test fails for a service that %s", async (name, file, from, to, expected) => {
  const copy = copyWith(name.replaceAll(" ", "-"), file, from, to);
  const { code, failed, output } = await npmTest(copy, `--test-name-pattern=${expected}`);
  expect(code, output).not.toBe(0);
  expect(failed, output).toEqual([expect.stringContaining(expected)]);
});
