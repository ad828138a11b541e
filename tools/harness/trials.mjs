import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../scripts/setup/run.mjs";
import { PNPM } from "../../scripts/setup/versions.mjs";
import { passes } from "./checks.mjs";
import { startEmulatorCli } from "./emulator.mjs";
import { messageOf } from "./errors.mjs";
import { isInterrupted, listenForInterruption, onInterruption, stopListening, untilEnd } from "./interruption.mjs";
import { stopAll } from "./processes.mjs";
import { pulumiStack } from "./stack.mjs";
import { clearEnvironment, userEnvironment } from "./user-environment.mjs";

const COMMAND_TIMEOUT_MS = 20 * 60_000;

/** The commands that install what package.json names. */
export const INSTALLERS = {
  npm: ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund"],
  // pnpm fails because of install scripts that nobody has approved. None of them is needed.
  pnpm: [...npx(`pnpm@${PNPM}`), "pnpm", "install", "--prefer-offline", "--config.strict-dep-builds=false"],
};

/** How a command of a package begins that npm gets for it. @param {string} tool @returns {string[]} */
export function npx(tool) {
  return ["npm", "exec", "--yes", "--prefer-offline", `--package=${tool}`, "--"];
}

/**
 * Prepares to use the product as its users do: in a folder outside of the repository, so that programs cannot resolve its modules.
 * @param {string} script of npm, which the caller is
 */
export function prepareTrials(script) {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), `nylas-${script.replace(":", "-")}-`)));
  clearEnvironment();
  const environment = userEnvironment({
    PULUMI_CONFIG_PASSPHRASE: randomBytes(18).toString("base64url"),
    PULUMI_HOME: join(directory, "home"),
  });
  let passed = 0;
  let failed = 0;

  /** @param {string} name @param {() => Promise<unknown>} work */
  async function check(name, work) {
    const passing = await passes(name, work);
    if (passing) passed += 1;
    else failed += 1;
    return passing;
  }

  /** @param {string} name @param {string} reason */
  function skip(name, reason) {
    process.stdout.write(`– ${name}: not tried, because ${reason}\n`);
  }

  /** @param {string} cwd @param {readonly string[]} line @param {Record<string, string>} env */
  function command(cwd, [program = "", ...args], env = environment) {
    const next = `Run ${[program, ...args].join(" ")} in ${cwd} to repeat this.`;
    return run(program, args, { cwd, env, timeoutMs: COMMAND_TIMEOUT_MS, next });
  }

  /**
   * Brings a program with one mailbox up at an emulator of its own, sees that a second `up` sends no write, and destroys it.
   * @param {string} project
   * @param {{ env?: Record<string, string>, emulator?: readonly [string, ...string[]] }} [options] `emulator`: starts it
   * @param {(trial: Trial) => Promise<unknown>} [work] before `destroy`
   */
  async function bringUp(project, { env = environment, emulator: start } = {}, work) {
    const started = await startEmulatorCli(["--mail"], { env, cwd: project, ...(start && { command: start }) });
    const { api, apiUri, apiKey, imap, smtp, users, child, ended } = started;
    try {
      const [{ username, password } = { username: "", password: "" }] = users;
      const backend = `${project}-state`;
      mkdirSync(backend);
      const nylas = { NYLAS_API_URI: apiUri, NYLAS_API_KEY: apiKey, PULUMI_BACKEND_URL: `file://${backend}` };
      const surroundings = { ...env, ...nylas };
      const configDirectory = `${project}-config`;
      const stack = pulumiStack({ name: "trial", directory: project, configDirectory, env: surroundings });
      await stack.create();
      const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
      await stack.config({ username, ...servers }, { password });
      await stack.up();
      const { grantId } = await stack.outputs();
      const ids = async () => (await api.grants()).map(({ id }) => id);
      expectSame("the grants after the first up", await ids(), [grantId]);

      await api.forgetRequests();
      await stack.up("--expect-no-changes");
      expectSame("the writes of a second up", await api.writes(), []);
      await work?.({ stack, api, env: surroundings, username, password, grantId });
      await stack.destroy();
      expectSame("what destroy leaves", [...(await api.grants()), ...(await api.connectors())], []);
      const secrets = [password, apiKey].filter((secret) => stack.printed().includes(secret));
      expectSame("the number of secrets that were printed", secrets.length, 0);
    } finally {
      child.kill("SIGTERM");
    }
    expectSame("how the emulator ends at SIGTERM", (await ended).code, 0);
  }

  /**
   * Runs the checks, and ends this process. The folder stays if one fails.
   * @param {() => Promise<unknown>} work
   */
  async function runTrials(work) {
    listenForInterruption();
    onInterruption(async () => rmSync(directory, { recursive: true, force: true }));
    onInterruption(stopAll);
    try {
      await work();
    } catch (error) {
      if (isInterrupted()) await untilEnd();
      failed += 1;
      process.stderr.write(`${script}: ${messageOf(error)}\n`);
    }
    await stopAll();
    stopListening();
    if (failed === 0) rmSync(directory, { recursive: true, force: true });
    else
      process.stdout.write(`The programs are kept in ${directory}. Mend the cause, and run npm run ${script} again.\n`);
    process.stdout.write(
      failed === 0 ? `all ${passed} checks pass\n` : `${failed} of ${passed + failed} checks fail\n`,
    );
    process.exit(failed === 0 ? 0 : 1);
  }

  return { directory, environment, check, skip, command, bringUp, runTrials };
}

/**
 * @typedef {object} Trial
 * @property {import("./stack.mjs").PulumiStack} stack
 * @property {import("./emulator.mjs").EmulatorApi} api
 * @property {Record<string, string>} env of the stack's commands
 * @property {string} username of the mailbox
 * @property {string} password
 * @property {unknown} grantId
 */

/** @param {string} what @param {unknown} actual @param {unknown} expected */
export function expectSame(what, actual, expected) {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new Error(`Expected ${what} to be ${wanted}, but got ${seen}.`);
}
