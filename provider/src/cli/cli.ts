import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { InvalidInputError, NylasError } from "../errors.js";
import { createClient } from "../nylas/client.js";
import { DEFAULT_APPLICATION, readSettings } from "../settings.js";
import { diagnose } from "./doctor.js";
import { asTable } from "./report.js";
import { readStackState, type StackState } from "./stack-state.js";

const HELP = `Usage: nylas-imap doctor [options]

Looks at one Nylas application and says what needs doing. It only reads. The key and the other settings come from the environment
(NYLAS_API_KEY, NYLAS_REGION, …), as for pulumi-nylas-imap.

Options:
  --state FILE         compare with a stack: the output of \`pulumi stack export\`, or - for standard input
  --verify             also let Nylas read each valid mailbox: one request each
  --allow-unmanaged    accept grants that no Pulumi resource has made or adopted, such as those of hosted authentication
  --application NAME   another configuration namespace, whose variables begin with NAME (default: ${DEFAULT_APPLICATION})
  --json               print JSON instead of a table
  --help, --version

Exit codes: 0 nothing to do, 1 something needs doing, 2 it could not look.
NYLAS_DEBUG=1 prints each request to standard error.
`;

const NOTHING_TO_DO = 0;
const SOMETHING_TO_DO = 1;
const COULD_NOT_LOOK = 2;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = COULD_NOT_LOOK;
  // Any other error is a fault of this package, and its stack is needed.
  if (!(error instanceof NylasError)) throw error;
  console.error(error.message);
}

async function main(args: readonly string[]): Promise<number> {
  const { command, options } = parse(args);
  if (options.help === true || (command === undefined && options.version !== true)) {
    process.stdout.write(HELP);
    return options.help === true ? NOTHING_TO_DO : COULD_NOT_LOOK;
  }
  if (options.version === true) {
    process.stdout.write(`${version()}\n`);
    return NOTHING_TO_DO;
  }
  if (command !== "doctor") throw invalid(`"${command}" is not a command`);

  const client = createClient(readSettings(options.application ?? DEFAULT_APPLICATION, () => undefined));
  const diagnosis = await diagnose(client, {
    state: options.state === undefined ? undefined : stateIn(options.state),
    verify: options.verify === true,
    allowUnmanaged: options["allow-unmanaged"] === true,
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : asTable(diagnosis));
  return diagnosis.findings.some(({ level }) => level === "problem") ? SOMETHING_TO_DO : NOTHING_TO_DO;
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
        application: { type: "string" },
        help: { type: "boolean" },
        version: { type: "boolean" },
      },
    });
    const [command, ...others] = positionals;
    if (others.length > 0) throw invalid(`"${others[0]}" is one argument too many`);
    return { command, options: values };
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

function version(): string {
  const { version: own }: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return own;
}

function invalid(answer: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Reading the command line",
    answer,
    remedy: "see `nylas-imap --help`",
  });
}
