import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Each of hundreds of processes would otherwise compile the same modules again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "./.work/compile-cache");

/** One `pulumi up` with its language host and plugins takes seconds, and several run side by side on two cores. */
const ENGINE_TEST_TIMEOUT_MS = 300_000;

const PROVIDER = "test/**/*.test.ts";
const EMULATOR = "emulator/test/**/*.test.ts";
const MAIL_SERVERS = ["test/conformance/dovecot/**/*.test.ts", "test/conformance/mail-servers/**/*.test.ts"];

/** What plays again, in other surroundings or by the thousand, what other tests play once. */
const REPETITIONS = [
  ...MAIL_SERVERS,
  // Sequences of what the scenarios do one by one.
  "test/random-walk/**/*.test.ts",
  // Each other answer that Nylas may give.
  "test/provider/open-questions.test.ts",
  // Load on the embedded mail servers.
  "emulator/test/imap/fire.test.ts",
  "emulator/test/imap/smtp.test.ts",
  // Each way by which Pulumi shows something, in a hundred commands.
  "test/engine/channels/**/*.test.ts",
  // What the scenarios do, with a key that may do no more.
  "test/engine/least-permissions.test.ts",
  // The suite that needs a key of Nylas's, played at an emulator.
  "test/conformance/live/live-rehearsal.test.ts",
  // The package installed from its tarball, and used by the examples.
  "test/package/tarball.test.ts",
  "test/package/image.test.ts",
  "test/package/examples/{adopt,ci,examples,policy,preview-environments,readmes,rotation,surviving-429,template}.test.ts",
  // `npm start`: the program of examples/quickstart, with a set-up of its own.
  "test/package/demo.test.ts",
  // The benchmark, at the smallest size.
  "test/package/bench.test.ts",
];

interface Mode {
  include?: string[];
  exclude?: string[];
  repetitions?: "all";
  /** False if no test runs the provider in an engine: neither is set up. */
  engine?: false;
}

/** What each mode plays: `npm test`, `npm run test:all`, `:mail` and `:walk`, and `npm test` in `emulator/`. */
const MODES: Readonly<Record<string, Mode>> = {
  test: { exclude: REPETITIONS },
  all: { repetitions: "all" },
  mail: { include: MAIL_SERVERS },
  walk: { include: ["test/random-walk/walk.test.ts"], engine: false },
  emulator: { include: [EMULATOR], exclude: REPETITIONS, engine: false },
};

/**
 * What takes long, the longest first. Left to vitest, which goes by the size of a file, it would come last and one by one. Some of it
 * mostly waits for a server that does not answer, and leaves the processors to the engines beside it.
 */
const LONGEST = [
  "/test/random-walk/",
  "/test/conformance/dovecot/frozen.",
  "/test/provider/client.",
  "/test/provider/hostile-server.",
  "/test/engine/",
  "/test/plugin/",
  "/emulator/test/page/",
  "/test/provider/pace.",
  "/test/provider/proxy.",
  "/emulator/test/cli.",
  "/emulator/test/register/",
  "/test/conformance/",
  "/test/package/",
];

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

export default defineConfig(({ mode }) => {
  const { include = [PROVIDER, EMULATOR], exclude = [], repetitions = "none", engine = true } = MODES[mode] ?? {};
  return {
    test: {
      include,
      exclude: [...configDefaults.exclude, ...exclude],
      env: { TEST_REPETITIONS: repetitions },
      setupFiles: ["test/conformance/contract/tap.ts"],
      globalSetup: [
        "test/conformance/contract/summary.ts",
        ...(engine ? ["test/support/bundle.ts", "test/support/quick-engine.ts"] : []),
      ],
      testTimeout: ENGINE_TEST_TIMEOUT_MS,
      hookTimeout: ENGINE_TEST_TIMEOUT_MS,
      pool: "forks",
      // Tests wait for engines and servers for a good part of their time: with four, a fifth of two processors lay idle.
      maxWorkers: 5,
      // Most of what runs side by side in one file waits for a mail server that does not answer.
      maxConcurrency: 16,
      sequence: { sequencer: LongestFirst },
    },
  };
});
