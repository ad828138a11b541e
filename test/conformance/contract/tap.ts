import { relative } from "node:path";
import { afterAll, afterEach, expect } from "vitest";
import { emulators } from "../../../tools/harness/emulators.ts";
import { explain } from "./check.ts";
import { note } from "./ledger.ts";
import { recordExchanges } from "./record.ts";

/** Number of occurrences of each violation since the last report. */
const seen = new Map<string, number>();

recordExchanges(
  (port) => emulators.get(port),
  (finding) => {
    const line = explain(finding);
    seen.set(line, (seen.get(line) ?? 0) + 1);
  },
);

afterEach(failOnViolations);

afterAll(() => {
  const { testPath } = expect.getState();
  if (testPath !== undefined) note({ kind: "test-file", path: relative(process.cwd(), testPath) });
  // Includes answers that were in flight when the last test ended.
  failOnViolations();
});

function failOnViolations(): void {
  if (seen.size === 0) return;
  const lines = [...seen].map(([line, count]) => `  ${line}${count === 1 ? "" : ` (${count} times)`}`);
  seen.clear();
  throw new Error(
    [
      "Nylas's contract was not kept:",
      ...lines,
      "Mend the emulator or the client, or list it in test/conformance/contract/deviations.ts with reason and source.",
    ].join("\n"),
  );
}
