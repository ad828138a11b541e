import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { followPage } from "../../scripts/release/follow.mjs";
import { pageNames } from "../../scripts/release/pages.mjs";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";

const BLOCK = "```";

/** Follows a page of these lines; why it does not do what it says. */
async function problemOf(...lines: string[]): Promise<string | undefined> {
  const directory = makeWorkDirectory("follow");
  const start = { directory, prelude: "", env: { PATH: process.env.PATH ?? "" } };
  try {
    await followPage("page.md", lines.join("\n"), { "": start }, [["example.com", "emulator.test"]]);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const sh = (...lines: string[]) => [`${BLOCK}sh`, ...lines, BLOCK, ""];
const prompt = (...lines: string[]) => [`${BLOCK}console`, ...lines, BLOCK, ""];

it("follows the README of every example and template", () => {
  const root = join(import.meta.dirname, "../..");
  expect(pageNames).toEqual(expect.arrayContaining(globSync("{examples,templates}/*/README.md", { cwd: root })));
});

it("follows blocks in one shell, with files, skipped blocks and what happens around the reader", async () => {
  const page = [
    ...sh("greeting=hello"),
    "<!-- follow: write text.txt -->",
    ...[`${BLOCK}ts`, "at example.com", BLOCK, ""],
    "<!-- follow: run name=Ann -->",
    "",
    ...prompt('$ echo "$greeting $name \\', '  $(cat text.txt)"', "hello Ann at example.com"),
    "<!-- follow: skip, nothing could do it -->",
    ...sh("exit 1"),
    "<!-- follow: fails -->",
    ...prompt("$ false"),
  ];
  expect(await problemOf(...page)).toBeUndefined();
});

it("knows an id again, and lets durations differ", async () => {
  const [first, second] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
  const id = "4fd05c0b-4e72-4a36-8bd5-8e5d1c4af4b0";
  const page = (other: string) => [
    ...prompt(`$ echo "made ${id} (1.5s)"`, `made ${first} (0.09s)`),
    ...prompt(`$ echo "kept ${other}"`, `kept ${first}`),
  ];
  expect(await problemOf(...page(id))).toBeUndefined();
  expect(await problemOf(...page(second))).toContain(`did not print "kept ${first}"`);
});

it("names the first command that does not do what the page says", async () => {
  expect(await problemOf("", ...sh("true", "false"), ...sh("exit 3"))).toContain("page.md:2: true\nfalse");
  expect(await problemOf(...prompt("$ true"), ...prompt("$ echo one", "two"))).toContain('did not print "two"');
  expect(await problemOf(...prompt("$ echo b; echo a", "a", "b"))).toContain('did not print "b"');
  expect(await problemOf("<!-- follow: fails -->", ...prompt("$ true"))).toContain("The page says that it fails.");
  expect(await problemOf("<!-- follow: skip -->", ...sh("true"))).toContain("without a reason");
});
