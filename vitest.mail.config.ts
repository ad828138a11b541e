import { defineConfig } from "vitest/config";

/** A story of several commands of the engine, on a busy machine. */
const ENGINE_TEST_TIMEOUT_MS = 120_000;

/** The suite against real mail servers. */
export default defineConfig({
  test: {
    include: ["test/conformance/dovecot/**/*.test.ts"],
    setupFiles: ["test/conformance/contract/tap.ts"],
    globalSetup: ["test/conformance/contract/summary.ts"],
    testTimeout: ENGINE_TEST_TIMEOUT_MS,
    hookTimeout: ENGINE_TEST_TIMEOUT_MS,
    pool: "forks",
    maxWorkers: 3,
    // Most cases wait for a server that does not answer.
    maxConcurrency: 16,
  },
});
