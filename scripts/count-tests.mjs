#!/usr/bin/env node
// Prints the last line of a CI run: the number of tests in vitest's JSON reports. A report that is missing or has no
// tests counts as a failure.
import { readFileSync } from "node:fs";
import { messageOf } from "../tools/harness/errors.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
let empty = 0;

for (const file of process.argv.slice(2)) {
  const report = readReport(file);
  if (report === undefined || report.numTotalTests === 0) empty += 1;
  if (report === undefined) continue;
  total.passed += report.numPassedTests;
  // A test file that fails to load is a failed suite without tests.
  total.failed += report.numFailedTests === 0 ? report.numFailedTestSuites : report.numFailedTests;
  total.skipped += report.numPendingTests;
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
process.stdout.write(`${total.passed} passed, ${total.failed + empty} failed${skipped}\n`);
process.exit(total.passed > 0 && total.failed + empty === 0 ? 0 : 1);

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    process.stderr.write(`Cannot read the test report ${file}: ${messageOf(error)}\n`);
    return undefined;
  }
}
