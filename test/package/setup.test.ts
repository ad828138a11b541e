import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { installedPluginDirectory, installStandIn, standInDirectory } from "../../scripts/setup/random-plugin.mjs";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";

const SCRIPTS = pathToFileURL(join(import.meta.dirname, "../../scripts/")).href;
const HARNESS = pathToFileURL(join(import.meta.dirname, "../../tools/harness/")).href;
const FILE = "values.mjs";
const OTHER_VERSION = "export {};";

/** Replaces another version of this repository's plugin again and again. */
const INSTALLATIONS = `
  const { installStandIn } = await import("${SCRIPTS}setup/random-plugin.mjs");
  const { writeIfChanged } = await import("${HARNESS}write-if-changed.mjs");
  const [home, file, other] = process.argv.slice(1);
  for (let count = 0; count < 200; count += 1) {
    writeIfChanged(file, Buffer.from(other));
    installStandIn(home);
  }
`;

it("set-up replaces the random plugin while an engine starts it", async () => {
  const home = makeWorkDirectory("setup");
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  installStandIn(home);
  const installed = installedPluginDirectory(home);
  const read = () => readFile(join(installed, FILE), "utf8");
  const whole = [await read(), OTHER_VERSION];

  const args = ["--input-type=module", "--eval", INSTALLATIONS, home, join(installed, FILE), OTHER_VERSION];
  let done = false;
  const installing = promisify(execFile)(process.execPath, args).finally(() => {
    done = true;
  });
  const seen = new Set<string>();
  while (!done) seen.add(await read());
  await installing;
  // On a busy machine this process may have read only one of them.
  expect(whole).toEqual(expect.arrayContaining([...seen]));
  for (const name of readdirSync(standInDirectory)) {
    const file = join(standInDirectory, name);
    expect(readFileSync(join(installed, name)), name).toEqual(readFileSync(file));
    expect(statSync(join(installed, name)).mode, name).toBe(statSync(file).mode);
  }
});
