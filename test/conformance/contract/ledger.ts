import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "./check.ts";

/** Where the processes of one test run note what they have checked. Absent outside such a run. */
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
  /** An answer that a fault or the client cut off. */
  | { kind: "cut" }
  /** The client's request ended, or was answered, before it had arrived whole. */
  | { kind: "half-request" }
  | { kind: "test-file"; path: string };

/** Writes at once: an emulator's process may be killed at any moment. */
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
      // Written by `note` alone.
      .map((line) => JSON.parse(line) as Entry),
  );
}
