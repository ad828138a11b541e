#!/usr/bin/env node
/**
 * Tries the native provider in every language that can be had here: generates the SDKs from its schema with Pulumi's own generators,
 * compiles them, and brings a program of each language up at the emulator. What this machine lacks is said by name.
 *
 * `npm run sdks -- yaml python` tries these languages only.
 */
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { passes } from "../tools/harness/checks.mjs";
import { startEmulatorCli } from "../tools/harness/emulator.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import {
  isInterrupted,
  listenForInterruption,
  onInterruption,
  stopListening,
  untilEnd,
} from "../tools/harness/interruption.mjs";
import { stopAll } from "../tools/harness/processes.mjs";
import { pulumiStack } from "../tools/harness/stack.mjs";
import { clearEnvironment, userEnvironment } from "../tools/harness/user-environment.mjs";
import { LANGUAGES } from "./sdks/languages.mjs";
import { findOnPath } from "./setup/executables.mjs";
import { goCommand } from "./setup/go-build.mjs";
import { repositoryDirectory } from "./setup/paths.mjs";
import { run } from "./setup/run.mjs";

/**
 * @import { GoCommand, MissingCommand } from "./setup/go-build.mjs"
 * @import { Language, Place, Program } from "./sdks/languages.mjs"
 */

const COMMAND_TIMEOUT_MS = 20 * 60_000;
const PLUGIN = join(repositoryDirectory, "provider", "plugin");
const GENERATOR = {
  name: "generate-sdks",
  module: "generate-sdks",
  package: ".",
  sources: ["main.go"],
};

/** Outside of the repository, so that programs cannot resolve its modules. */
const directory = realpathSync(mkdtempSync(join(tmpdir(), "nylas-sdks-")));
const sdks = join(directory, "sdks");
clearEnvironment();
const environment = userEnvironment({
  PULUMI_CONFIG_PASSPHRASE: randomBytes(18).toString("base64url"),
  PULUMI_HOME: join(directory, "home"),
});

let passed = 0;
let failed = 0;

listenForInterruption();
onInterruption(async () => rmSync(directory, { recursive: true, force: true }));
onInterruption(stopAll);
try {
  await trySdks(process.argv.slice(2));
} catch (error) {
  if (isInterrupted()) await untilEnd();
  failed += 1;
  process.stderr.write(`sdks: ${messageOf(error)}\n`);
}
await stopAll();
stopListening();
if (failed === 0) rmSync(directory, { recursive: true, force: true });
else process.stdout.write(`The programs are kept in ${directory}. Mend the cause, and run npm run sdks again.\n`);
process.stdout.write(failed === 0 ? `all ${passed} checks pass\n` : `${failed} of ${passed + failed} checks fail\n`);
process.exit(failed === 0 ? 0 : 1);

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

/** @param {string} name @param {Place} place @param {Program} program @param {GoCommand | MissingCommand} [host] */
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
    await bringUp(place.program, env);
  });
}

/** @param {string} folder of the program @param {Record<string, string>} env */
async function bringUp(folder, env) {
  const { api, apiUri, apiKey, imap, smtp, users, child } = await startEmulatorCli(["--mail"], { env, cwd: folder });
  try {
    const [{ username, password } = { username: "", password: "" }] = users;
    const backend = `${folder}-state`;
    mkdirSync(backend);
    const nylas = { NYLAS_API_URI: apiUri, NYLAS_API_KEY: apiKey, PULUMI_BACKEND_URL: `file://${backend}` };
    const stack = pulumiStack({
      name: "dev",
      directory: folder,
      configDirectory: `${folder}-config`,
      env: { ...env, ...nylas },
    });
    await stack.create();
    const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
    await stack.config({ username, ...servers }, { password });
    await stack.up();
    const { grantId } = await stack.outputs();
    const ids = async () => (await api.grants()).map(({ id }) => id);
    expectSame("the grants after the first up", await ids(), [grantId]);

    await api.forgetRequests();
    await stack.up("--expect-no-changes");
    expectSame("the writes of a second up", await api.writes(), []);

    const rotated = randomBytes(12).toString("base64url");
    await api.setPassword(username, rotated);
    await stack.config({}, { password: rotated });
    await stack.up();
    expectSame("the writes of a rotation", await api.writes(), ["POST /v3/connect/custom"]);
    expectSame("the grants after a rotation", await ids(), [grantId]);

    await api.forgetRequests();
    await stack.refresh();
    expectSame("the writes of a refresh", await api.writes(), []);
    await stack.destroy();
    expectSame("the grants after destroy", await ids(), []);
    const secrets = [password, rotated, apiKey].filter((secret) => stack.printed().includes(secret));
    expectSame("the secrets that were printed", secrets.length, 0);
  } finally {
    child.kill("SIGTERM");
  }
}

/** @param {string} what @param {unknown} actual @param {unknown} expected */
function expectSame(what, actual, expected) {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new Error(`Expected ${what} to be ${wanted}, but got ${seen}.`);
}

/** @param {string} name @param {() => Promise<unknown>} work */
async function check(name, work) {
  const passing = await passes(name, work);
  if (passing) passed += 1;
  else failed += 1;
  return passing;
}

/** @param {string} name @param {string} reason */
function skip(name, reason) {
  process.stdout.write(`– ${name}: not tried, because ${reason}\n`);
}

/** @param {string} cwd @param {readonly string[]} line */
function command(cwd, [program = "", ...args]) {
  const next = `Run ${[program, ...args].join(" ")} in ${cwd} to repeat this.`;
  return run(program, args, { cwd, env: environment, timeoutMs: COMMAND_TIMEOUT_MS, next });
}
