#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { demoBackend, demoStack } from "./demo/stack.mjs";
import { startEmulatorCli } from "./kit/emulator.mjs";
import { messageOf } from "./kit/errors.mjs";
import { stopAll } from "./kit/processes.mjs";
import { pulumiEnvironment, readSetup } from "./setup/environment.mjs";

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/** @param {boolean} holds @param {string} claim */
function prove(holds, claim) {
  if (!holds) throw new Error(`Expected but not true: ${claim}`);
  say(`  ✓ ${claim}`);
}

/**
 * The name of a mailbox in the program's configuration.
 * @param {{ username: string }} user
 */
function nameOf({ username }) {
  return username.replace(/@.*/, "");
}

/**
 * @param {import("./kit/stack.mjs").PulumiStack} stack
 * @returns {Promise<Record<string, string>>}
 */
async function grantIdsOf(stack) {
  const { grantIds } = await stack.outputs();
  // The program exports them as a map of strings.
  return /** @type {Record<string, string>} */ (grantIds);
}

async function demo() {
  const { engine, randomPlugin } = readSetup();
  say(`engine:    Pulumi ${engine.version}, ${engine.reason}`);
  say(`random:    ${randomPlugin.kind === "pulumi" ? "Pulumi's own plugin" : `stand-in, as ${randomPlugin.reason}`}`);

  // The demo must not reach the real Nylas application that the caller's environment may name.
  for (const name of Object.keys(process.env)) if (name.startsWith("NYLAS_")) delete process.env[name];
  const env = pulumiEnvironment({
    PULUMI_BACKEND_URL: demoBackend(),
    PULUMI_CONFIG_PASSPHRASE: randomBytes(18).toString("base64url"),
  });
  const emulator = await startEmulatorCli(["--mail"], { env, shown: true });
  const { api } = emulator;
  const [ops] = emulator.users;
  if (ops === undefined) throw new Error("The emulator has no mailbox.");
  say(
    `emulator:  ${emulator.apiUri} (IMAP ${emulator.imap.host}:${emulator.imap.port}, SMTP ${emulator.smtp.host}:${emulator.smtp.port})`,
  );

  const stack = demoStack(env);
  await stack.create();
  await stack.config(
    {
      "nylas:apiUri": emulator.apiUri,
      imapHost: emulator.imap.host,
      imapPort: emulator.imap.port,
      smtpHost: emulator.smtp.host,
      smtpPort: emulator.smtp.port,
      ...Object.fromEntries(emulator.users.map((user) => [`mailboxes.${nameOf(user)}`, user.username])),
    },
    {
      "nylas:apiKey": emulator.apiKey,
      ...Object.fromEntries(emulator.users.map((user) => [`passwords.${nameOf(user)}`, user.password])),
    },
  );

  say("\n1. A connector and its mailboxes");
  await stack.up();
  const made = await grantIdsOf(stack);
  const grants = await api.grants();
  const connectors = await api.connectors();
  prove(connectors.length === 1, `1 connector at Nylas: ${connectors[0]?.provider}`);
  prove(
    grants.length === emulator.users.length,
    `${grants.length} grants at Nylas, all ${[...new Set(grants.map((grant) => grant.grant_status))]}`,
  );

  say("\n2. The same program again");
  await api.forgetRequests();
  await stack.up("--expect-no-changes");
  const writes = await api.writes();
  prove(writes.length === 0, "nothing changed, and no write was sent");

  say(`\n3. A password is rotated: ${ops.username}`);
  const rotated = randomBytes(12).toString("base64url");
  await api.setPassword(ops.username, rotated);
  await stack.config({}, { [`passwords.${nameOf(ops)}`]: rotated });
  await stack.up();
  const after = await grantIdsOf(stack);
  const grantId = after[nameOf(ops)];
  prove(grantId !== undefined && grantId === made[nameOf(ops)], `same grant id: ${grantId}`);

  const exported = await stack.state();
  const secrets = [emulator.apiKey, rotated, ...emulator.users.map(({ password }) => password)];
  prove(!secrets.some((secret) => exported.includes(secret)), "no password and no API key in the state");

  say("\n4. Destroy");
  await stack.destroy();
  const left = [...(await api.grants()), ...(await api.connectors())];
  prove(left.length === 0, "the emulator is empty: 0 grants, 0 connectors");
}

let exitCode = 0;
let ending = false;

/** @param {number} code */
async function end(code) {
  if (ending) return;
  ending = true;
  await stopAll();
  process.exit(code);
}

process.on("SIGINT", () => void end(130));
process.on("SIGTERM", () => void end(143));
process.on("SIGHUP", () => void end(129));
try {
  await demo();
} catch (error) {
  if (!ending) process.stderr.write(`\ndemo: ${messageOf(error)}\n`);
  exitCode = 1;
}
// An interruption stops the demo's processes, so the demo fails. `end` then exits with the code of the signal.
if (ending) await new Promise(() => {});
await end(exitCode);
