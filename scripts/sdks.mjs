#!/usr/bin/env node
/**
 * Tries the native provider in every language that can be had here: generates the SDKs from its schema with Pulumi's own generators,
 * compiles them, and brings a program of each language up at the emulator. What this machine lacks is said by name.
 *
 * `npm run sdks -- yaml python` tries these languages only.
 */
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expectSame, prepareTrials } from "../tools/harness/trials.mjs";
import { GENERATOR, LANGUAGES } from "./sdks/languages.mjs";
import { findOnPath } from "./setup/executables.mjs";
import { goCommand } from "./setup/go-build.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";

/**
 * @import { GoCommand } from "./setup/go-build.mjs"
 * @import { Language, Place, Program } from "./sdks/languages.mjs"
 * @import { Trial } from "../tools/harness/trials.mjs"
 */

const PLUGIN = join(repositoryDirectory, "provider", "plugin");
const { directory, environment, check, skip, command, bringUp, runTrials } = prepareTrials("sdks");
const sdks = join(directory, "sdks");

await runTrials(() => trySdks(process.argv.slice(2)));

/** @param {readonly string[]} names of languages; all if empty */
async function trySdks(names) {
  const known = Object.keys(LANGUAGES);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no language ${unknown}; there are ${known.join(", ")}.`);
  const chosen = Object.entries(LANGUAGES).filter(([name]) => names.length === 0 || names.includes(name));

  const { version } = JSON.parse(
    await command(directory, ["pulumi", "package", "get-schema", join(PLUGIN, "pulumi-resource-nylas")]),
  );
  const install = ["pulumi", "plugin", "install", "resource", "nylas", version, "--file", PLUGIN];
  if (!(await check("the plugin is installed from its folder", () => command(directory, install)))) return;
  if (chosen.some(([, { generated }]) => generated) && !(await generate())) return;
  for (const [name, language] of chosen) await tryLanguage(name, language);
}

/** Generates the SDKs of all languages. */
async function generate() {
  const generator = await goCommand(GENERATOR);
  if ("absent" in generator) {
    skip("SDKs", generator.absent);
    return false;
  }
  return check("SDKs are generated", async () => {
    const schema = join(directory, "schema.json");
    writeFileSync(
      schema,
      await command(directory, ["pulumi", "package", "get-schema", join(PLUGIN, "pulumi-resource-nylas")]),
    );
    await command(directory, [join(generator.directory, GENERATOR.name), schema, sdks]);
  });
}

/** @param {string} name @param {Language} language */
async function tryLanguage(name, { absent, tools = [], compile, program, host }) {
  const lacking = tools.filter((tool) => findOnPath(tool) === undefined);
  const reason = absent ?? (lacking.length > 0 ? `${lacking.join(" and ")} is not on PATH` : undefined);
  if (reason !== undefined) {
    skip(name, reason);
    return;
  }
  /** @type {Place} */
  const place = { sdk: join(sdks, name), program: join(directory, name), run: command };
  mkdirSync(place.program);
  const isCompiled = compile === undefined || (await check(`${name}: the SDK compiles`, () => compile(place)));
  if (isCompiled && program !== undefined) await tryProgram(name, place, program, host);
}

/** @param {string} name @param {Place} place @param {Program} program @param {GoCommand} [host] */
async function tryProgram(name, place, { example, files = {}, install, path = "" }, host) {
  const found = host === undefined ? { directory: "" } : await goCommand(host);
  if ("absent" in found) {
    skip(`${name}: a program`, found.absent);
    return;
  }
  const env = { ...environment, PATH: [join(place.program, path), found.directory, environment.PATH].join(delimiter) };
  await check(`${name}: up, unchanged, rotated with the same id, refreshed, destroyed`, async () => {
    if (example !== undefined) cpSync(join(repositoryDirectory, example), place.program, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(place.program, file), text);
    await install?.(place);
    await bringUp(place.program, { env }, rotateAndRefresh);
  });
}

/** @param {Trial} trial */
async function rotateAndRefresh({ stack, api, username, grantId }) {
  const password = randomBytes(12).toString("base64url");
  await api.setPassword(username, password);
  await stack.config({}, { password });
  await api.forgetRequests();
  await stack.up();
  expectSame("the writes of a rotation", await api.writes(), ["POST /v3/connect/custom"]);
  expectSame("the output after a rotation", (await stack.outputs()).grantId, grantId);
  await api.forgetRequests();
  await stack.refresh();
  expectSame("the writes of a refresh", await api.writes(), []);
  expectSame("whether the new password was printed", stack.printed().includes(password), false);
}
