import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** One `pulumi up` with its language host and plugins takes seconds, and several run side by side on two cores. */
const ENGINE_TEST_TIMEOUT_MS = 300_000;

/** Minutes each. Left to vitest, which goes by the size of a file, they would come last and one by one. */
const LONGEST = ["/test/engine/interruption/", "/test/engine/"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((directory) => moduleId.includes(directory));
      return place === -1 ? LONGEST.length : place;
    };
    return sorted.toSorted((left, right) => rank(left) - rank(right));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need mail servers of the system, and a configuration of their own: vitest.mail.config.ts.
    exclude: [...configDefaults.exclude, "test/conformance/dovecot/**"],
    setupFiles: ["test/conformance/contract/tap.ts"],
    globalSetup: ["test/conformance/contract/summary.ts"],
    testTimeout: ENGINE_TEST_TIMEOUT_MS,
    hookTimeout: ENGINE_TEST_TIMEOUT_MS,
    pool: "forks",
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
