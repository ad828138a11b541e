import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InvalidInputError, NylasError } from "../errors.js";
import { nodeProcess } from "../hosts/node-process.js";
import { createClient, type NylasClient } from "../nylas/client.js";
import { DEFAULT_APPLICATION, readSettings } from "../settings.js";
import { diagnose } from "./doctor.js";
import { exportApplication, exportedFiles } from "./export.js";
import { describeExport } from "./next-steps.js";
import { readPackage } from "./package-file.js";
import { asTable } from "./report.js";
import { readStackState, type StackState } from "./stack-state.js";

/** Directory that `export` writes to by default. */
const EXPORT_DIRECTORY = "nylas-export";

const HELP = `Usage: nylas-imap <command> [options]

Commands:
  doctor   says what needs doing in a Nylas application
  export   writes a Pulumi program that declares its IMAP connector and grants, and a file to import them without a request

Both only read from Nylas. The key and the other settings come from the environment (NYLAS_API_KEY, NYLAS_REGION, …), as for
pulumi-nylas-imap.

Options of doctor:
  --state FILE         compare with a stack: the output of \`pulumi stack export\`, or - for standard input
  --verify             also let Nylas read each valid mailbox: one request each
  --allow-unmanaged    accept grants that no Pulumi resource has made or adopted, such as those of hosted authentication
  --json               print JSON instead of a table

Options of export:
  --out DIR            the directory to write to, where no file may be in the way (default: ${EXPORT_DIRECTORY})

Options of both:
  --application NAME   another configuration namespace, whose variables begin with NAME (default: ${DEFAULT_APPLICATION})
  --help, --version

Exit codes: 0 done, or nothing to do; 1 doctor found something that needs doing; 2 it could not look or write.
NYLAS_DEBUG=1 prints each request to standard error.
`;

const NOTHING_TO_DO = 0;
const SOMETHING_TO_DO = 1;
const COULD_NOT_LOOK = 2;

/** The options of each command, besides those of both. */
const COMMANDS = {
  doctor: { options: ["state", "verify", "allow-unmanaged", "json"], run: runDoctor },
  export: { options: ["out"], run: runExport },
} as const;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = COULD_NOT_LOOK;
  // Any other error is a fault of this package, and its stack is needed.
  if (!(error instanceof NylasError)) throw error;
  console.error(error.message);
}

async function main(args: readonly string[]): Promise<number> {
  const { name, options } = parse(args);
  if (options.help === true || (name === undefined && options.version !== true)) {
    process.stdout.write(HELP);
    return options.help === true ? NOTHING_TO_DO : COULD_NOT_LOOK;
  }
  if (options.version === true) {
    process.stdout.write(`${readPackage().version}\n`);
    return NOTHING_TO_DO;
  }
  if (name !== "doctor" && name !== "export") throw invalid(`"${name}" is not a command`);

  const command = COMMANDS[name];
  const known: readonly string[] = [...command.options, "application"];
  const foreign = Object.keys(options).find((option) => !known.includes(option));
  if (foreign !== undefined) throw invalid(`${name} has no option --${foreign}`);
  const host = nodeProcess(() => undefined);
  const settings = readSettings(options.application ?? DEFAULT_APPLICATION, host.config, host.env);
  const client = createClient(settings, host);
  return command.run(client, options);
}

type Options = ReturnType<typeof parse>["options"];

async function runDoctor(client: NylasClient, options: Options): Promise<number> {
  const diagnosis = await diagnose(client, {
    state: options.state === undefined ? undefined : stateIn(options.state),
    verify: options.verify === true,
    allowUnmanaged: options["allow-unmanaged"] === true,
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : asTable(diagnosis));
  return diagnosis.findings.some(({ level }) => level === "problem") ? SOMETHING_TO_DO : NOTHING_TO_DO;
}

async function runExport(client: NylasClient, { out = EXPORT_DIRECTORY }: Options): Promise<number> {
  const inTheWay = exportedFiles().filter((file) => existsSync(join(out, file)));
  if (inTheWay.length > 0) {
    throw invalid(`${out} has ${inTheWay.join(", ")} already; nothing was written. Name another directory with --out`);
  }
  const { files, content } = await exportApplication(client);
  try {
    mkdirSync(out, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(out, file), text, { flag: "wx" });
  } catch (error) {
    throw invalid(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  process.stdout.write(describeExport(out, files, content));
  return NOTHING_TO_DO;
}

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        state: { type: "string" },
        verify: { type: "boolean" },
        "allow-unmanaged": { type: "boolean" },
        out: { type: "string" },
        application: { type: "string" },
        help: { type: "boolean" },
        version: { type: "boolean" },
      },
    });
    const [name, ...others] = positionals;
    if (others.length > 0) throw invalid(`"${others[0]}" is one argument too many`);
    return { name, options: values };
  } catch (error) {
    if (error instanceof TypeError) throw invalid(error.message);
    throw error;
  }
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

function invalid(answer: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Reading the command line",
    answer,
    remedy: "see `nylas-imap --help`",
  });
}
