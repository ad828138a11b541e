import { cleaned } from "../redact.js";
import type { DiagnosedStack, Diagnosis } from "./doctor.js";

/** Longest cell, in characters. */
const MAX_CELL_LENGTH = 60;
/** Longest sentence of a finding, in characters. */
const MAX_SENTENCE_LENGTH = 500;

/** A diagnosis for people. */
export function asTable({ application, stack, connector, grants, findings }: Diagnosis): string {
  const rows = grants.map(({ id, email, status, blocked, owner }) => [
    email ?? "",
    blocked ? "blocked" : status,
    owner,
    id,
  ]);
  const problems = findings.filter(({ level }) => level === "problem").length;
  const region = application.region === undefined ? "" : ` (${application.region})`;
  const lines = [
    `application  ${application.applicationId}${region}, by the settings of "${application.namespace}"`,
    ...(stack === undefined ? [] : [`stack        ${describeStack(stack)}`]),
    `connector    ${connector === undefined ? "none" : (connector.name ?? "without a name")}`,
    `grants       ${grants.length}`,
    ...(rows.length === 0 ? [] : ["", ...columns([["MAILBOX", "STATUS", "OWNER", "GRANT"], ...rows])]),
    "",
    ...findings.flatMap(({ code, level, subject, problem, remedy, link }) => [
      `${level === "problem" ? "✗" : "·"} ${cleaned(`${subject} ${problem}`, MAX_SENTENCE_LENGTH)} [${code}]`,
      `  next: ${cleaned(remedy, MAX_SENTENCE_LENGTH)}`,
      `  see:  ${link}`,
    ]),
    problems === 0 ? "Nothing to do." : `${problems} to do.`,
  ];
  return `${lines.join("\n")}\n`;
}

function describeStack({ name, project, digests }: DiagnosedStack): string {
  const named = name === undefined ? "without a name" : `${name} of project ${project}`;
  if (digests.length === 0) return `${named}; its state has no grant that shows its digest`;
  return `${named}, digest ${digests.join(" and ")}`;
}

function columns(rows: readonly string[][]): string[] {
  const cells = rows.map((row) => row.map((cell) => cleaned(cell, MAX_CELL_LENGTH)));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
