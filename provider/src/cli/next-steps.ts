import { join, resolve } from "node:path";
import { cleaned } from "../redact.js";
import { DEFAULT_APPLICATION, DEFAULT_REGION, isInClear, regionUri } from "../settings.js";
import type { Exportable } from "./exportable.js";
import { passwordKey } from "./program-text.js";

/** Most mailboxes that are named; index.ts has all of them. */
const MAX_NAMED_MAILBOXES = 5;
/** Longest line about a grant, in characters. */
const MAX_LINE_LENGTH = 300;

/** What was written, and the commands that take it into a stack. */
export function describeExport(directory: string, files: Record<string, string>, content: Exportable): string {
  const {
    application = DEFAULT_APPLICATION,
    endpoint,
    declaresConnector,
    connector,
    mailboxes,
    domains,
    leftOut,
  } = content;
  const shown = mailboxes.slice(0, MAX_NAMED_MAILBOXES);
  const more = mailboxes.length - shown.length;
  const grants = `${mailboxes.length} of ${mailboxes.length + leftOut.length} IMAP grants`;
  const what = `${connector === undefined ? "no connector" : "1 connector"}, ${grants}`;
  const lines = [
    `Wrote ${Object.keys(files).join(", ")} to ${directory}: ${declaresConnector ? what : "1 IMAP grant"}.`,
    ...leftOut.map((reason) => `Left out ${cleaned(reason, MAX_LINE_LENGTH)}.`),
    "",
    ...(declaresConnector
      ? [
          "Next:",
          `  cd ${quoted(directory)} && npm install && pulumi stack init prod`,
          `  pulumi config set --secret ${application}:apiKey`,
          ...(endpoint.region === DEFAULT_REGION
            ? []
            : [`  pulumi config set ${application}:region ${endpoint.region}`]),
          ...(endpoint.apiUri === regionUri(endpoint.region)
            ? []
            : [`  pulumi config set ${application}:apiUri ${quoted(endpoint.apiUri)}`]),
          ...(isInClear(endpoint.apiUri) ? [`  pulumi config set ${application}:allowHttp true`] : []),
        ]
      : [`Next, copy the declaration from ${join(directory, "index.ts")} into your program. In its directory:`]),
    ...domains.flatMap(({ name }) => [
      `  pulumi config set ${name}_imapHost imap.example.com`,
      `  pulumi config set ${name}_smtpHost smtp.example.com`,
    ]),
    ...shown.map(({ name }) => `  pulumi config set --secret ${passwordKey(name)}`),
    ...(more === 0 ? [] : [`  … and the passwords of ${more} more mailboxes, by their names in index.ts`]),
    `  pulumi import --file ${declaresConnector ? "import.json" : quoted(resolve(directory, "import.json"))} --generate-code=false`,
    "  pulumi up",
    "",
    "The import needs Pulumi 3.254 or newer, and sends no request. The `up` after it authenticates",
    `${declaresConnector ? "each" : "the"} mailbox once with these settings; every grant keeps its id.`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A word of a shell's command. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
