#!/usr/bin/env node
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { exportLines, startInBackground } from "./background.js";
import { BehaviorError } from "./behaviors.js";
import { type Emulator, type EmulatorOptions, OptionError, REGIONS } from "./options.js";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const MAX_PORT = 65_535;
const MAX_LATENCY_MS = 60_000;

/** Options in the environment, for containers that are started without arguments. Those of the command line go before. */
const OPTIONS_VARIABLE = "NYLAS_EMULATOR_OPTIONS";
const args = [...(process.env[OPTIONS_VARIABLE] ?? "").split(/\s+/).filter(Boolean), ...process.argv.slice(2)];
// A background process gets them as arguments.
delete process.env[OPTIONS_VARIABLE];

const program = new Command("nylas-emulator")
  .description("A local stand-in for Nylas v3: IMAP connectors, bring-your-own grants, embedded mail servers")
  .version(versionOfPackage(), "--version", "print the version")
  .option("--env", "print export lines for a shell's eval, and go on in the background until it is killed")
  .option("--host <address>", "address to bind, for the mail servers too", "127.0.0.1")
  .option("--port <number>", "port of the API; 0 takes a free one", port, 0)
  .option("--api-key <key>", "the application's API key (default: a random one, or the state file's)")
  .addOption(new Option("--region <name>", "the application's region").choices(REGIONS).default("us"))
  .option("--mail", "start the embedded IMAP and SMTP servers (default: none)")
  .option("--imap-port <number>", "port of the embedded IMAP server (default: a free one)", port)
  .option("--smtp-port <number>", "port of the embedded SMTP server (default: a free one)", port)
  .option("--users <file>", 'JSON array of {"username","password"} (default: the state file\'s, or three samples)')
  .option("--ca <file>", "PEM file of further authorities to trust when logging in to mail servers (default: none)")
  .option(
    "--ca-out <file>",
    "write a PEM file for NODE_EXTRA_CA_CERTS, and delete it in the end: the authority of the embedded servers, and those of that variable (default: none, or a temporary one with --env)",
  )
  .option(
    "--no-mail-logins",
    "accept all credentials in ASCII without a log-in to a mail server; mailboxes are then empty",
  )
  .option(
    "--latency <ms>",
    "delay answers by about this long: the median of a log-normal distribution (default: no delay)",
    milliseconds,
  )
  .option("--state <file>", "keep the data in this file over a restart (default: in memory only)")
  .option(
    "--behavior <name=value>",
    "choose among the answers Nylas leaves open, also as --behaviour; repeatable (default: as GET /_emulator/behaviors lists them)",
    behavior,
  )
  // The other spelling of the same option.
  .addOption(new Option("--behaviour <name=value>").argParser(behavior).hideHelp())
  .option(
    "--seed <number>",
    "repeatable sample passwords, fault probabilities and latencies (default: random ones)",
    wholeNumber,
  )
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .addHelpText(
    "after",
    `\nMore options, which the command line goes before, stand in ${OPTIONS_VARIABLE}, separated by blanks.`,
  )
  .parse(args, { from: "user" });

interface CommandLine extends EmulatorOptions {
  env?: true;
  caOut?: string;
  /** The other spelling. */
  behaviour?: Record<string, string>;
}

const { env, caOut, behaviour, ...named }: CommandLine = program.opts();
const options: EmulatorOptions = { ...named, behavior: { ...behaviour, ...named.behavior } };
const mailOnly = {
  "imap-port": options.imapPort,
  "smtp-port": options.smtpPort,
  users: options.users,
  "ca-out": caOut,
};
for (const [name, value] of Object.entries(mailOnly)) {
  if (value !== undefined && !options.mail) program.error(`error: --${name} needs --mail`);
}

if (env === true) await goOnInBackground();
else await run();

async function run(): Promise<void> {
  try {
    // Loads the mail servers and clients, which a wrong option need not wait for.
    const { startEmulator } = await import("./emulator.js");
    const emulator = await startEmulator(options);
    stopOnSignal(emulator);
    if (caOut !== undefined) await writeAuthorities(caOut, emulator);
    const { apiUri, apiKey, applicationId, region, ca, imap, smtp, users, pageUri } = emulator;
    // Standard output has one line, for programs.
    process.stderr.write(`A page to look at and to steer the emulator, with its API key in the address: ${pageUri}\n`);
    process.stdout.write(`${JSON.stringify({ apiUri, apiKey, applicationId, region, ca, imap, smtp, users })}\n`);
  } catch (error) {
    const isUsage = error instanceof OptionError || error instanceof BehaviorError;
    process.stderr.write(`error: ${isUsage ? error.message : startFailure(error)}\n`);
    process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILURE;
  }
}

async function goOnInBackground(): Promise<void> {
  const caFile = options.mail ? (caOut ?? join(tmpdir(), `nylas-emulator-${randomUUID()}.pem`)) : undefined;
  const authority = caFile === undefined ? [] : ["--ca-out", caFile];
  const started = await startInBackground(import.meta.filename, [
    ...args.filter((arg) => arg !== "--env"),
    ...authority,
  ]);
  if ("exitCode" in started) {
    process.exitCode = started.exitCode;
    return;
  }
  process.stderr.write(`It goes on in the background. To stop it: kill ${started.pid}\n`);
  process.stdout.write(exportLines(started.ready, started.pid, caFile));
}

/** Node takes one file of further authorities. So the file has those too that this shell's Node trusts already. */
async function writeAuthorities(path: string, emulator: Emulator): Promise<void> {
  const trusted = process.env.NODE_EXTRA_CA_CERTS ?? "";
  let before = "";
  try {
    if (trusted !== "") before = readFileSync(trusted, "utf8");
  } catch {
    // Node goes on without a file that it cannot read.
  }
  try {
    writeFileSync(path, `${before}\n${emulator.ca}`);
  } catch (error) {
    await emulator.close();
    throw new OptionError(`--ca-out: ${startReason(error)}`);
  }
  process.once("exit", () => rmSync(path, { force: true }));
}

function stopOnSignal(emulator: Emulator): void {
  let isStopping = false;
  const stop = (): void => {
    // npm hands on a Ctrl-C that the terminal has already sent to the whole group.
    if (isStopping) return;
    isStopping = true;
    emulator.close().then(
      () => process.exit(0),
      () => process.exit(EXIT_FAILURE),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

/** Usually a port in use. Node's message contains the address and no secrets. */
function startFailure(error: unknown): string {
  return `The emulator could not start: ${startReason(error)}`;
}

function startReason(error: unknown): string {
  return error instanceof Error ? error.message : "unknown reason";
}

function versionOfPackage(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return version;
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MAX_PORT) throw new InvalidArgumentError(`Expected a port from 0 to ${MAX_PORT}.`);
  return value;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > MAX_LATENCY_MS) {
    throw new InvalidArgumentError(`Expected milliseconds from 0 to ${MAX_LATENCY_MS}.`);
  }
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}

function behavior(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Expected NAME=VALUE.");
  return { ...previous, [name]: value };
}
