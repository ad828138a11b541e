#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { startEmulatorCli } from "../tools/harness/emulator.mjs";
import { messageOf } from "../tools/harness/errors.mjs";
import { isInterrupted, listenForInterruption, onInterruption, untilEnd } from "../tools/harness/interruption.mjs";
import { endWithParent, stopAll } from "../tools/harness/processes.mjs";
import { clearEnvironment, passOverProxies } from "../tools/harness/user-environment.mjs";
import { during, outputLines, say, showCommand, table } from "./demo/display.mjs";
import { demoBackend, demoStack, makeDemoDirectory } from "./demo/stack.mjs";
import { pulumiEnvironment } from "./setup/environment.mjs";
import { setUp } from "./setup/main.mjs";

/** @typedef {{ what: string, writes: number, seconds: number }} Step */

/** @param {boolean} holds @param {string} claim */
function prove(holds, claim) {
  if (!holds) throw new Error(`Expected but not true: ${claim}`);
  say(`  ✓ ${claim}`, "green");
}

/**
 * The name of a mailbox in the program's configuration.
 * @param {{ username: string }} user
 */
function nameOf({ username }) {
  return username.replace(/@.*/, "");
}

/**
 * @param {import("../tools/harness/stack.mjs").PulumiStack} stack
 * @returns {Promise<{ connectorId: string, grantIds: Record<string, string>, connectYourMailbox: string }>}
 */
async function outputsOf(stack) {
  const outputs = await during("reading the outputs", () => stack.outputs());
  // What examples/quickstart exports.
  return /** @type {Awaited<ReturnType<typeof outputsOf>>} */ (outputs);
}

/** @param {string} directory */
async function demo(directory) {
  const env = pulumiEnvironment({
    PULUMI_BACKEND_URL: demoBackend(directory),
    PULUMI_CONFIG_PASSPHRASE: randomBytes(18).toString("base64url"),
  });
  const emulator = await during("starting the emulator", () => startEmulatorCli(["--mail"], { env }));
  const { api, imap, smtp, users } = emulator;
  const [ops] = users;
  if (ops === undefined) throw new Error("The emulator has no mailbox.");
  say(`\nA local emulator of Nylas: ${emulator.apiUri}`);
  say(`Its mail servers: IMAP ${imap.host}:${imap.port}, SMTP ${smtp.host}:${smtp.port}`);

  const stack = demoStack(directory, env);
  await during("making a stack of examples/quickstart", async () => {
    await stack.create();
    await stack.config(
      {
        "nylas:apiUri": emulator.apiUri,
        imapHost: imap.host,
        imapPort: imap.port,
        smtpHost: smtp.host,
        smtpPort: smtp.port,
        ...Object.fromEntries(users.map((user) => [`mailboxes.${nameOf(user)}`, user.username])),
      },
      {
        "nylas:apiKey": emulator.apiKey,
        ...Object.fromEntries(users.map((user) => [`passwords.${nameOf(user)}`, user.password])),
      },
    );
  });

  /** @type {Step[]} */
  const steps = [];
  /** @param {string} what @param {...string} args */
  const pulumi = async (what, ...args) => {
    await api.forgetRequests();
    const started = performance.now();
    await shown(stack, args);
    const seconds = (performance.now() - started) / 1000;
    steps.push({ what, writes: (await api.writes()).length, seconds });
  };

  say("\n1. A connector and its mailboxes", "bold");
  await pulumi("a connector and three mailboxes made", "up");
  const made = await outputsOf(stack);
  for (const line of outputLines(made)) say(line);
  const grants = await api.grants();
  const connectors = await api.connectors();
  prove(connectors.length === 1, `1 connector at the emulator: ${connectors[0]?.provider}`);
  prove(
    grants.length === users.length,
    `${grants.length} grants at the emulator, all ${[...new Set(grants.map((grant) => grant.grant_status))]}`,
  );

  say("\n2. The same program again", "bold");
  await pulumi("the same program again", "up", "--expect-no-changes");
  prove(steps.at(-1)?.writes === 0, "nothing changed, and no write was sent");

  say(`\n3. A password is rotated: ${ops.username}`, "bold");
  const rotated = randomBytes(12).toString("base64url");
  await api.setPassword(ops.username, rotated);
  await during("setting the password", () => stack.config({}, { [`passwords.${nameOf(ops)}`]: rotated }));
  await pulumi("a password rotated", "up");
  const grantId = (await outputsOf(stack)).grantIds[nameOf(ops)];
  prove(grantId !== undefined && grantId === made.grantIds[nameOf(ops)], `same grant id: ${grantId}`);

  const exported = await during("searching the state", () => stack.state());
  const secrets = [emulator.apiKey, rotated, ...users.map(({ password }) => password)];
  prove(!secrets.some((secret) => exported.includes(secret)), "no password and no API key in the state");

  say("\n4. Destroy", "bold");
  await pulumi("all of it destroyed", "destroy");
  const left = [...(await api.grants()), ...(await api.connectors())];
  prove(left.length === 0, "the emulator is empty: 0 grants, 0 connectors");
  return steps;
}

/**
 * Runs a command of Pulumi's, and shows it.
 * @param {import("../tools/harness/stack.mjs").PulumiStack} stack
 * @param {readonly string[]} args
 */
async function shown(stack, args) {
  const command = `pulumi ${args.join(" ")}`;
  const display = showCommand(command);
  // Progress dots and the outputs' address would be wider than a terminal, and the demo colors lines itself.
  const flags = ["--suppress-progress", "--color=never", ...(args.includes("up") ? ["--suppress-outputs"] : [])];
  try {
    const { child, finished } = stack.start(...args, ...flags);
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", display.line);
    const { code, output } = await finished;
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
  } finally {
    display.end();
  }
}

/** @param {readonly Step[]} steps @param {number} seconds */
function summarize(steps, seconds) {
  say("\nSummary", "bold");
  for (const line of table(steps)) say(line);
  say(`
The program declares the mailboxes of an application. Pulumi itself ran it, and
each password was tried at an IMAP server; the emulator played only Nylas. What
is as declared costs no write, and a rotation keeps the grant with its history.

Done in ${seconds.toFixed(0)} s; nothing is left. Next:
  examples/quickstart            the program that ran
  README.md, "Use it"            the same with your mailboxes at Nylas
  npm run emulator -- --mail     the emulator, with a page to look at`);
}

const started = performance.now();
let exitCode = 0;
/** @type {string | undefined} */
let directory;

async function cleanUp() {
  await stopAll();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}

listenForInterruption();
onInterruption(cleanUp);
endWithParent();
try {
  await setUp();
  clearEnvironment();
  passOverProxies();
  directory = makeDemoDirectory();
  const steps = await demo(directory);
  await during("stopping the emulator", cleanUp);
  summarize(steps, (performance.now() - started) / 1000);
} catch (error) {
  // An interruption stops the demo's processes, so the demo fails.
  if (isInterrupted()) await untilEnd();
  process.stderr.write(`\ndemo: ${messageOf(error)}\n`);
  exitCode = 1;
  await cleanUp();
}
process.exit(exitCode);
