#!/usr/bin/env node
// The closing line of a CI run, from vitest's JSON report. A report without a single test is a failure.
import { readFileSync } from "node:fs";

const [file = ""] = process.argv.slice(2);
const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(readFileSync(file, "utf8"));
// A file that cannot be loaded fails as a suite and counts no test.
const failed = numFailedTests === 0 ? numFailedTestSuites : numFailedTests;
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
process.stdout.write(`${numPassedTests} passed, ${failed} failed${skipped}\n`);
process.exit(numPassedTests > 0 && failed === 0 ? 0 : 1);
