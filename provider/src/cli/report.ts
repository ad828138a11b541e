import { cleaned } from "../redact.js";
import type { DiagnosedGrant, DiagnosedStack, Diagnosis, Finding } from "./doctor.js";
import { type Style, shownCode, type Terminal, visibleLength, wrap } from "./terminal.js";

/** Longest cell, in characters. */
const MAX_CELL_LENGTH = 60;
/** Longest sentence of a finding, in characters. */
const MAX_SENTENCE_LENGTH = 500;
/** Columns of the names in the first lines. */
const LABEL_COLUMNS = 13;
const GAP = "  ";
const HEADER = ["MAILBOX", "STATUS", "OWNER", "GRANT"];

/** A diagnosis for people. */
export function describeDiagnosis(
  { application, stack, connector, grants, findings }: Diagnosis,
  terminal: Terminal,
): string {
  const problems = findings.filter(({ level }) => level === "problem").length;
  const shown = (text: string) => cleaned(text, MAX_CELL_LENGTH);
  const region = application.region === undefined ? "" : ` (${shown(application.region)})`;
  const fact = (name: string, text: string) =>
    wrap(text, terminal.columns, terminal.style("bold", name) + " ".repeat(LABEL_COLUMNS - name.length));
  const lines = [
    ...fact("application", `${shown(application.applicationId)}${region}, settings of "${application.namespace}"`),
    ...(stack === undefined ? [] : fact("stack", describeStack(stack))),
    ...fact("connector", connector === undefined ? "none" : shown(connector.name ?? "without a name")),
    ...fact("grants", String(grants.length)),
    ...(grants.length === 0 ? [] : ["", ...grantLines(grants, terminal)]),
    "",
    ...findings.flatMap((finding) => [...findingLines(finding, terminal), ""]),
    problems === 0 ? terminal.style("green", "Nothing to do.") : terminal.style("red", `${problems} to do.`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The message of an error of this package: its lines after the first begin with a name, such as `  next:`. */
export function describeError(message: string, terminal: Terminal): string {
  const lines = message.split("\n").flatMap((line) => {
    const [, name = "", text = ""] = /^( {2}[a-z ]+: +)?(.*)$/.exec(line) ?? [];
    return wrap(
      shownCode(text, terminal),
      terminal.columns,
      terminal.style("bold", name),
      " ".repeat(name.length || GAP.length),
    );
  });
  return lines.join("\n");
}

function describeStack({ name, project, digests }: DiagnosedStack): string {
  const named = name === undefined ? "without a name" : `${name} of project ${project}`;
  if (digests.length === 0) return `${named}; its state has no grant that shows its digest`;
  return `${named}, digest ${digests.join(" and ")}`;
}

function findingLines({ code, level, subject, problem, remedy, link }: Finding, terminal: Terminal): string[] {
  const { columns, style } = terminal;
  const sentence = (text: string) => shownCode(cleaned(text, MAX_SENTENCE_LENGTH), terminal);
  const sign = level === "problem" ? style("red", "✗") : style("yellow", "·");
  return [
    ...wrap(`${sentence(`${subject} ${problem}`)} ${style("dim", `[${code}]`)}`, columns, `${sign} `),
    ...wrap(sentence(remedy), columns, `${GAP}${style("bold", "next:")} `),
    `${GAP}${style("dim", link)}`,
  ];
}

/** A table, or two lines for each grant where the terminal is too narrow for it. */
function grantLines(grants: readonly DiagnosedGrant[], terminal: Terminal): string[] {
  const { columns, style } = terminal;
  const rows = grants.map(({ id, email, status, blocked, owner }) => {
    const shown = blocked ? "blocked" : status;
    const [mailbox = "", state = "", ...rest] = [email ?? "", shown, owner, id].map((text) =>
      cleaned(text, MAX_CELL_LENGTH),
    );
    return [mailbox, style(styleOf(shown), state), ...rest];
  });
  const cells = [HEADER.map((name) => style("bold", name)), ...rows];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => visibleLength(row[column] ?? ""))));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - visibleLength(cell)))
      .join(GAP)
      .trimEnd(),
  );
  if (lines.every((line) => visibleLength(line) <= columns)) return lines;
  return rows.flatMap(([mailbox = "", ...rest]) => [...wrap(mailbox, columns), ...wrap(rest.join(", "), columns, GAP)]);
}

function styleOf(status: string): Style {
  if (status === "valid") return "green";
  return status === "invalid" || status === "blocked" ? "red" : "yellow";
}
