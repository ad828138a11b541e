import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { applicationName } from "../core/properties/validate.js";
import { InvalidInputError, NylasError } from "../errors.js";
import { nodeProcess } from "../hosts/node-process.js";
import { nearest } from "../nearest.js";
import { createClient, type NylasClient } from "../nylas/client.js";
import { redact } from "../redact.js";
import { DEFAULT_APPLICATION, ENVIRONMENT_WORDING, misspeltVariables, readSettings } from "../settings.js";
import { diagnose } from "./doctor.js";
import { explain } from "./explain.js";
import { exportApplication, exportedFiles, exportMailbox } from "./export.js";
import { describeExport } from "./next-steps.js";
import { readPackage } from "./package-file.js";
import { describeDiagnosis, describeError } from "./report.js";
import { readStackState, type StackState } from "./stack-state.js";
import { terminalOf } from "./terminal.js";
import { writeFiles } from "./write-files.js";

/** Directory that `export` writes to by default. */
const EXPORT_DIRECTORY = "nylas-export";

const HELP = `Usage: nylas-imap <command> [options]

Commands:
  doctor   says what needs doing in a Nylas application
  export   writes a Pulumi program that declares its IMAP connector and grants, and a file to import them without a request
  explain  says what an error code means and what to do, without a network: nylas-imap explain invalid_credentials

doctor and export only read from Nylas. The key and the other settings come from the environment (NYLAS_API_KEY,
NYLAS_REGION, …), as for pulumi-nylas-imap.

Options of doctor:
  --state FILE         compare with a stack: the output of \`pulumi stack export\`, or - for standard input
  --verify             also let Nylas read each valid mailbox: one request each
  --allow-unmanaged    accept grants that no Pulumi resource has made or adopted, such as those of hosted authentication
  --json               print one JSON object instead of a table; { "error": … } if it could not look

Options of export:
  --out DIR            the directory to write to, where no file may be in the way (default: ${EXPORT_DIRECTORY})
  --email ADDRESS      only this mailbox, without the connector, for a program that you have

Options of doctor and export:
  --application NAME   another configuration namespace, whose variables begin with NAME (default: ${DEFAULT_APPLICATION})

Options of all: --help, --version

Exit codes: 0 done, or nothing to do; 1 doctor found something that needs doing; 2 it could not look or write.
NYLAS_DEBUG=1 prints each request to standard error.
`;

const NOTHING_TO_DO = 0;
const SOMETHING_TO_DO = 1;
const COULD_NOT_LOOK = 2;

const OPTIONS = {
  json: { type: "boolean" },
  state: { type: "string" },
  verify: { type: "boolean" },
  "allow-unmanaged": { type: "boolean" },
  out: { type: "string" },
  email: { type: "string" },
  application: { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** What each command takes besides `--help` and `--version`. */
const COMMANDS = {
  doctor: { argument: undefined, options: ["state", "verify", "allow-unmanaged", "json", "application"] },
  export: { argument: undefined, options: ["out", "email", "application"] },
  explain: { argument: "an error code, such as invalid_credentials", options: [] },
} as const;

type Command = keyof typeof COMMANDS;

const COMMON_OPTIONS = ["help", "version"];

// A closed pipe, as of `nylas-imap doctor | head -1`: its reader has read what it wanted, and the exit code stands.
process.stderr.on("error", () => {});
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode = COULD_NOT_LOOK;
  console.error(`Standard output cannot be written: ${error.message}`);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = COULD_NOT_LOOK;
  if (process.argv.includes("--json")) process.stdout.write(asJson({ error: describeFailure(error) }));
  // Any other error is a fault of this package, and its stack is needed.
  console.error(error instanceof NylasError ? shownMessage(error) : redact(stackOf(error), []));
}

async function main(args: readonly string[]): Promise<number> {
  const { command, argument, options } = parse(args);
  if (options.help === true) {
    process.stdout.write(HELP);
    return NOTHING_TO_DO;
  }
  if (options.version === true) {
    process.stdout.write(`${readPackage().version}\n`);
    return NOTHING_TO_DO;
  }
  if (command === undefined) {
    process.stdout.write(HELP);
    return COULD_NOT_LOOK;
  }
  if (command === "explain") {
    process.stdout.write(explain(argument, terminalOf(process.stdout)));
    return NOTHING_TO_DO;
  }
  const { application = DEFAULT_APPLICATION } = options;
  const named = v.safeParse(applicationName, application);
  if (!named.success) throw invalid(`--application ${named.issues[0].message}`);
  const here = nodeProcess(() => undefined);
  const host = { ...here, wording: { ...here.wording, setting: ENVIRONMENT_WORDING } };
  const settings = readSettings(application, host.config, host.settingsEnv, ENVIRONMENT_WORDING);
  for (const text of misspeltVariables(settings.application, host.config, host.settingsEnv)) host.notices.notify(text);
  const client = createClient(settings, host);
  return command === "doctor" ? runDoctor(client, options) : runExport(client, options);
}

type Options = ReturnType<typeof parsed>["values"];

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a program reads of a failure; the rest stands on standard error. */
function describeFailure(error: unknown): Record<string, unknown> {
  if (!(error instanceof NylasError)) return { code: "internal_error", answer: redact(String(error), []) };
  const { code, operation, answer, remedy, status, type, requestId } = error;
  return { code, operation, answer, remedy, status, type, requestId };
}

/** Wrapped in a terminal alone: in a log, a search finds a sentence in one line. */
function shownMessage({ message }: NylasError): string {
  return process.stderr.isTTY ? describeError(message, terminalOf(process.stderr)) : message;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function runDoctor(client: NylasClient, options: Options): Promise<number> {
  const diagnosis = await diagnose(client, {
    state: options.state === undefined ? undefined : stateIn(options.state),
    verify: options.verify === true,
    allowUnmanaged: options["allow-unmanaged"] === true,
  });
  process.stdout.write(
    options.json === true ? asJson(diagnosis) : describeDiagnosis(diagnosis, terminalOf(process.stdout)),
  );
  return diagnosis.findings.some(({ level }) => level === "problem") ? SOMETHING_TO_DO : NOTHING_TO_DO;
}

async function runExport(client: NylasClient, { out = EXPORT_DIRECTORY, email }: Options): Promise<number> {
  const inTheWay = exportedFiles().filter((file) => existsSync(join(out, file)));
  if (inTheWay.length > 0) {
    throw invalid(`${out} has ${inTheWay.join(", ")} already; nothing was written. Name another directory with --out`);
  }
  const { files, content } = await (email === undefined ? exportApplication(client) : exportMailbox(client, email));
  try {
    writeFiles(out, files);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${out} cannot be written: ${reason}; nothing was written`);
  }
  process.stdout.write(describeExport(out, files, content));
  return NOTHING_TO_DO;
}

function parse(args: readonly string[]) {
  // Without `strict`, which would throw at the first option that it does not know, and not say which one is near.
  const { tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    options: OPTIONS,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  const [name, argument = "", ...others] = words;
  if (name !== undefined && !isCommand(name))
    throw invalid(`"${name}" is not a command`, suggested(name, Object.keys(COMMANDS)));
  const known = [...(name === undefined ? Object.keys(OPTIONS) : COMMANDS[name].options), ...COMMON_OPTIONS];
  const foreign = given.find((option) => !known.includes(option));
  if (foreign !== undefined) {
    throw invalid(`${name ?? "nylas-imap"} has no option --${foreign}`, suggested(foreign, known, "--"));
  }
  const { values } = parsed(args);
  if (name !== undefined && values.help !== true && values.version !== true) {
    const wanted = COMMANDS[name].argument;
    if (wanted !== undefined && argument === "") throw invalid(`${name} needs ${wanted}`);
    const surplus = wanted === undefined ? words[1] : others[0];
    if (surplus !== undefined) throw invalid(`"${surplus}" is one argument too many`);
  }
  return { command: name, argument, options: values };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (error) {
    if (error instanceof TypeError) throw invalid(error.message);
    throw error;
  }
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(COMMANDS, name);
}

/** Names the nearest of these, if there is one. */
function suggested(given: string, known: readonly string[], prefix = ""): string | undefined {
  const near = nearest(given, known);
  return near === undefined ? undefined : `did you mean ${prefix}${near}?`;
}

function stateIn(file: string): StackState {
  try {
    // 0 is standard input.
    return readStackState(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    if (error instanceof NylasError) throw error;
    throw invalid(`--state ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid(answer: string, suggestion?: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Reading the command line",
    answer,
    remedy: [suggestion, "see `nylas-imap --help`"].filter((part) => part !== undefined).join(" Or "),
  });
}
