import { configDefaults, defineConfig } from "vitest/config";

/** One `pulumi up` with its language host and plugins takes seconds, and several run side by side on two cores. */
const ENGINE_TEST_TIMEOUT_MS = 300_000;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need mail servers of the system, and a configuration of their own: vitest.mail.config.ts.
    exclude: [...configDefaults.exclude, "test/mail/**"],
    setupFiles: ["test/contract/tap.ts"],
    globalSetup: ["test/contract/summary.ts"],
    testTimeout: ENGINE_TEST_TIMEOUT_MS,
    hookTimeout: ENGINE_TEST_TIMEOUT_MS,
    pool: "forks",
    maxWorkers: 3,
  },
});
