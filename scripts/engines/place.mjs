import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { startEmulatorCli } from "../../tools/harness/emulator.mjs";
import { pulumiStack } from "../../tools/harness/stack.mjs";
import { until } from "../../tools/harness/until.ts";
import { userEnvironment } from "../../tools/harness/user-environment.mjs";
import { repositoryDirectory, workDirectory } from "../setup/paths.mjs";

/** @import { PulumiStack } from "../../tools/harness/stack.mjs" */

/** Longest wait for what a run does at the emulator, in milliseconds. */
const PATIENCE_MS = 120_000;
const PROJECT = "engines";
const AUTHENTICATE = "/v3/connect/custom";

/** What programs require the classes from. */
const CLASSES = { dynamic: "pulumi-nylas-imap", native: join(repositoryDirectory, "test/support/native-classes.cjs") };
/** @typedef {keyof typeof CLASSES} HostName */

/**
 * @typedef {object} Program
 * @property {Record<string, { password?: string, opts?: string, user?: number }>} [grants] by resource name; `user` is one of the emulator's
 * @property {string} [before] lines before the resources
 * @property {boolean} [hasConnector] default: true
 */

/** @typedef {Awaited<ReturnType<typeof openPlace>>} Place */

/** @param {string} directory */
function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

/** @param {string} command */
async function output(command) {
  const { stdout } = await promisify(execFile)("sh", ["-c", command], { maxBuffer: 1024 ** 3 });
  return stdout;
}

/**
 * An emulator, and stacks that use it, on one engine, host and backend.
 * @param {{ engine: string | undefined, backend: string | undefined, host: HostName }} options
 */
export async function openPlace({ engine, backend, host }) {
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(join(workDirectory, "engines-"));
  const passphrase = randomBytes(18).toString("base64url");
  const emulator = await startEmulatorCli(["--mail"], { env: userEnvironment() });
  const secrets = [emulator.apiKey, ...emulator.users.map(({ password }) => password)];

  /** @param {string} name of a directory of its own @param {Record<string, string>} [changes] */
  function environment(name, changes = {}) {
    const home = join(directory, name);
    mkdirSync(home, { recursive: true });
    const env = userEnvironment({
      NYLAS_API_URI: emulator.apiUri,
      PULUMI_BACKEND_URL: backend ?? filesBackend(),
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PULUMI_HOME: home,
      NO_COLOR: "1",
      ...changes,
    });
    if (engine !== undefined) env.PATH = `${engine}${delimiter}${env.PATH}`;
    return env;
  }

  function filesBackend() {
    const files = join(directory, "files");
    mkdirSync(files, { recursive: true });
    return `file://${files}`;
  }

  /**
   * A stack with a project directory of its own.
   * @param {string} [name] default: one that no stack has
   * @param {{ machine?: string, changes?: Record<string, string>, isNew?: boolean }} [options] `machine` has a PULUMI_HOME of its own
   */
  async function stackOf(name = `t${randomUUID().slice(0, 8)}`, { machine = "home", changes = {}, isNew = true } = {}) {
    const folder = mkdtempSync(join(directory, "project-"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: PROJECT, private: true, main: "index.js" }));
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      `name: ${PROJECT}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n` +
        `plugins:\n  providers:\n    - name: nylas\n      path: ${join(repositoryDirectory, "provider/plugin")}\n`,
    );
    const env = environment(machine, changes);
    const stack = pulumiStack({ name, directory: folder, configDirectory: `${folder}-config`, env });
    if (isNew) await stack.create();
    await stack.config({}, { "nylas:apiKey": emulator.apiKey });
    return Object.assign(stack, { name });
  }

  /** @param {PulumiStack} stack @param {Program} program */
  function write(stack, { grants = {}, before = "", hasConnector = true }) {
    const lines = Object.entries(grants).map(([name, { password, opts = "{}", user = 0 }]) => {
      const account = emulator.users[user];
      const args = {
        imapUsername: account?.username,
        imapPassword: password ?? account?.password,
        imapHost: emulator.imap.host,
        imapPort: emulator.imap.port,
        smtpHost: emulator.smtp.host,
        smtpPort: emulator.smtp.port,
      };
      return `new ByoImapGrant(${JSON.stringify(name)}, { connector, ...${JSON.stringify(args)} }, ${opts});`;
    });
    const source = [
      'const pulumi = require("@pulumi/pulumi");',
      `const { ByoImapGrant, ImapConnector } = require(${JSON.stringify(CLASSES[host])});`,
      before,
      hasConnector ? 'const connector = new ImapConnector("imap");' : 'const connector = "imap";',
      ...lines,
    ];
    writeFileSync(join(stack.directory, "index.js"), source.join("\n"));
  }

  return {
    host,
    isFiles: backend === undefined,
    emulator,
    directory,
    passphrase,
    secrets,
    filesBackend,
    stackOf,
    write,
    /** @param {PulumiStack} stack @param {string} name @param {string} [type] */
    urn: (stack, name, type = "ByoImapGrant") => {
      const token = host === "native" ? `nylas:index:${type}` : `pulumi-nodejs:dynamic/nylas:${type}`;
      return `urn:pulumi:${/** @type {{ name?: string }} */ (stack).name}::${PROJECT}::${token}::${name}`;
    },
    /** Gives a mailbox another password at its server. @param {number} user */
    async rotate(user) {
      const account = emulator.users[user];
      if (account === undefined) throw new Error(`no user ${user}`);
      account.password = randomBytes(12).toString("base64url");
      secrets.push(account.password);
      await emulator.api.setPassword(account.username, account.password);
    },
    /** Holds authentications back, for a while or until `release`. @param {number} delayMs */
    hold: (delayMs) => emulator.api.call("PUT", "/_emulator/faults", [{ path: AUTHENTICATE, delayMs }]),
    release: () => emulator.api.call("DELETE", "/_emulator/faults"),
    /** Waits until a run has an authentication at the emulator, held back or answered. */
    authenticating: () =>
      until("an authentication has come", PATIENCE_MS, async () => {
        /** @type {{ matched: number }[]} */
        const rules = await emulator.api.call("GET", "/_emulator/faults");
        return rules.some(({ matched }) => matched > 0);
      }),
    /** Waits until an authentication that was held back has made the grant, also one whose run was killed. */
    authenticated: () =>
      until("a grant is there", PATIENCE_MS, async () => (await emulator.api.allGrants()).length > 0),
    /** Removes everything at the emulator, as nobody's. */
    async clean() {
      await emulator.api.call("DELETE", "/_emulator/faults");
      for (const { id } of await emulator.api.allGrants()) await emulator.api.call("DELETE", `/v3/grants/${id}`);
      for (const { provider } of await emulator.api.connectors()) {
        await emulator.api.call("DELETE", `/v3/connectors/${provider}`);
      }
      await emulator.api.forgetRequests();
    },
    /** @param {string | undefined} command prints all that the backend stores */
    async expectNoSecrets(command) {
      const texts = command === undefined ? filesBelow(join(directory, "files")) : [await output(command)];
      const text = texts.join("\n");
      if (!text.includes('"resources"')) throw new Error("there is no state to look at");
      for (const secret of secrets) if (text.includes(secret)) throw new Error("a secret stands in clear");
    },
    async close() {
      emulator.child.kill("SIGTERM");
      await emulator.ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
