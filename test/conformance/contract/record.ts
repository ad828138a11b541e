import { type Checked, createCheck, type Exchange, type Finding } from "./check.ts";
import { readContract } from "./document.ts";
import type { ChosenAnswers } from "./emulators.ts";
import { note } from "./ledger.ts";
import { watch } from "./watch.ts";

/** Checks every exchange of the emulators, notes it in the ledger, and hands on what violates the contract. */
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
      // Half a request shows nothing about the client; the answer to it does about the emulator.
      if (!requestWhole) note({ kind: "half-request" });
      const checked = check(requestWhole ? exchange : { ...exchange, userAgent: undefined });
      note({ kind: "exchange", status: exchange.status, ...checked });
      for (const violation of checked.violations) onViolation(violation);
    },
  });
}
