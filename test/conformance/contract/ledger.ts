import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "./check.ts";

/** Directory in which the processes of a test run record their checks. Undefined outside of a test run. */
export const LEDGER_VARIABLE = "CONTRACT_LEDGER";

export type Entry =
  | {
      kind: "exchange";
      endpoint: string;
      status: number;
      requestChecked: boolean;
      deviations: string[];
      violations: Finding[];
    }
  /** A fault or the client interrupted the answer. */
  | { kind: "cut" }
  /** The request was aborted or answered before it was complete. */
  | { kind: "half-request" }
  | { kind: "test-file"; path: string };

/** Writes synchronously, because an emulator's process may be killed at any moment. */
export function note(entry: Entry): void {
  const directory = process.env[LEDGER_VARIABLE];
  if (directory) appendFileSync(join(directory, `${process.pid}.jsonl`), `${JSON.stringify(entry)}\n`);
}

export function readLedger(directory: string): Entry[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      // Only `note` writes this file.
      .map((line) => JSON.parse(line) as Entry),
  );
}
