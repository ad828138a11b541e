#!/usr/bin/env node
// node preview.js run 123 -- npm test    a stack for pull request 123, the command with NYLAS_GRANT_ID, and the stack's removal
// node preview.js remove 123             what a machine that vanished has left
import { spawn } from "node:child_process";
import { once } from "node:events";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";

const [action, number, separator, ...command] = process.argv.slice(2);
const isUnderstood =
  (action === "run" && separator === "--" && command.length > 0) || (action === "remove" && separator === undefined);
if (!isUnderstood || !/^[1-9]\d{0,9}$/.test(number ?? "")) {
  console.error(
    "Usage: node preview.js run <pull request's number> -- <command> …, or node preview.js remove <number>",
  );
  process.exit(2);
}

const { PREVIEW_DOMAIN, PREVIEW_IMAP_HOST, PREVIEW_IMAP_PORT, PREVIEW_SMTP_HOST, PREVIEW_SMTP_PORT } = process.env;
const missing = Object.entries({ PREVIEW_DOMAIN, PREVIEW_IMAP_HOST, PREVIEW_SMTP_HOST }).filter(([, value]) => !value);
if (action === "run" && missing.length > 0) {
  console.error(`preview: set ${missing.map(([name]) => name).join(", ")}; the README says what they mean`);
  process.exit(2);
}

const settings = {
  address: `pr-${number}@${PREVIEW_DOMAIN}`,
  imapHost: PREVIEW_IMAP_HOST,
  imapPort: PREVIEW_IMAP_PORT,
  smtpHost: PREVIEW_SMTP_HOST,
  smtpPort: PREVIEW_SMTP_PORT,
};

/** @type {Record<string, { value: string }>} */
const given = {};
for (const [key, value] of Object.entries(settings)) if (value) given[key] = { value };

try {
  const stack = await LocalWorkspace.createOrSelectStack({ stackName: `pr-${number}`, workDir: import.meta.dirname });
  if (action === "remove") await remove(stack);
  else process.exitCode = await runAndRemove(stack);
} catch (error) {
  fail(error);
}

/** @typedef {import("@pulumi/pulumi/automation/index.js").Stack} Stack */

/** The command's exit code. Whatever happens, the stack goes. @param {Stack} stack */
async function runAndRemove(stack) {
  // A stopped job ends the command, not the removal.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => {});
  try {
    await stack.setAllConfig(given);
    const { outputs } = await stack.up({ onOutput: (text) => process.stdout.write(text) });
    return await run(outputs.grantId?.value);
  } catch (error) {
    return fail(error);
  } finally {
    await remove(stack);
  }
}

/** @param {string} grantId */
async function run(grantId) {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: "inherit", env: { ...process.env, NYLAS_GRANT_ID: grantId } });
  process.once("SIGTERM", () => child.kill("SIGTERM"));
  const [code] = await once(child, "exit");
  // A command that a signal has ended has no code.
  return code ?? 1;
}

/** @param {Stack} stack */
async function remove(stack) {
  // A run that was killed leaves the stack locked.
  if (action === "remove") await stack.cancel().catch(() => {});
  await stack.destroy({ onOutput: (text) => process.stdout.write(text) });
  await stack.workspace.removeStack(stack.name);
}

/** Says in one line why the run fails: of what a Pulumi command has printed, its first error. @param {unknown} error */
function fail(error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`preview: ${/\berror: .*/.exec(text)?.[0] ?? text}`);
  process.exitCode = 1;
  return 1;
}
