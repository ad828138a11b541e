import type { ChosenAnswers } from "../../../tools/harness/emulators.ts";
import { type Checked, createCheck, type Exchange, type Finding } from "./check.ts";
import { readContract } from "./document.ts";
import { note } from "./ledger.ts";
import { watch } from "./watch.ts";

/** Validates every exchange of the emulators, records it in the ledger, and reports violations. */
export function recordExchanges(
  emulatorAt: (port: number) => ChosenAnswers | undefined,
  onViolation: (found: Finding) => void,
): void {
  // Compiled at the first exchange: most test files have none.
  let check: ((exchange: Exchange) => Checked) | undefined;
  watch(emulatorAt, {
    cut: () => note({ kind: "cut" }),
    exchange: (exchange, requestWhole) => {
      check ??= createCheck(readContract());
      // An incomplete request is not validated, but its answer is.
      if (!requestWhole) note({ kind: "half-request" });
      const checked = check(requestWhole ? exchange : { ...exchange, userAgent: undefined });
      note({ kind: "exchange", status: exchange.status, ...checked });
      for (const violation of checked.violations) onViolation(violation);
    },
  });
}
