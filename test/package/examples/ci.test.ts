import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pulumiEnvironment } from "../../../scripts/setup/environment.mjs";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import {
  CI_EXAMPLE,
  evaluated,
  readGitLabFile,
  readWorkflow,
  runScript,
  type ScriptRun,
  type Step,
} from "../../support/pipeline.js";
import { QUICK_COMMANDS } from "../../support/quick-engine.js";

const ROOT = join(import.meta.dirname, "../../..");
const PASSPHRASE = "a throw-away passphrase";
const ops = { username: "ops@dev.example.com", password: "the password of ops" };
const moved = { username: "operations@dev.example.com", password: ops.password };
const billing = { username: "billing@dev.example.com", password: "the password of billing" };

/** A pipeline at its host, as far as it can be played here: it runs the lines of its file. */
interface Pipeline {
  /** What a pull request runs, with these secrets beside the API key. The output is what reviewers get to see. */
  preview(secrets?: Record<string, string>): Promise<ScriptRun>;
  up(secrets: Record<string, string>): Promise<ScriptRun>;
  nightly(): Promise<ScriptRun[]>;
}

interface Place {
  emulator: TestEmulator;
  /** The copy of the example. */
  project: string;
  own: string;
  /** Of each command. */
  env: Record<string, string>;
  /** Everything that the pipeline has printed. */
  printed: string[];
}

async function run(place: Place, script: string, env: Record<string, string>): Promise<ScriptRun> {
  const ended = await runScript(script, place.project, { ...place.env, ...env });
  place.printed.push(ended.output);
  return ended;
}

/** What `pulumi/actions` does for `command: preview`: it hands its inputs to Pulumi's Automation API. */
async function previewAsAction(place: Place, step: Step, env: Record<string, string>): Promise<ScriptRun> {
  const { command, "stack-name": stackName = "", refresh, "suppress-progress": suppressProgress } = step.with ?? {};
  expect(command).toBe("preview");
  const stack = await LocalWorkspace.selectStack(
    { stackName: String(stackName), workDir: place.project },
    { envVars: { ...place.env, ...env } },
  );
  const options = { refresh: refresh === true, suppressProgress: suppressProgress === true };
  const ended = await stack.preview(options).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: Error) => ({ code: 1, output: error.message }),
  );
  place.printed.push(ended.output);
  return ended;
}

function gitHub(place: Place): Pipeline {
  const mail = readWorkflow("mail.yml");
  const drift = readWorkflow("drift.yml");
  const environment = (step: Step, secrets: Record<string, string>) =>
    evaluated(step.env, {
      "matrix.stack": "dev",
      ...Object.fromEntries(
        Object.entries({ NYLAS_API_KEY: place.emulator.emulator.apiKey, ...secrets }).map(([name, value]) => [
          `secrets.${name}`,
          value,
        ]),
      ),
    });
  const step = (job: string, name: string) =>
    present({ ...mail.jobs, ...drift.jobs }[job]?.steps.find((one) => one.name === name));
  const play = (one: Step, secrets: Record<string, string>) => run(place, present(one.run), environment(one, secrets));
  return {
    preview: (secrets = {}) => {
      const preview = step("preview", "Preview");
      return previewAsAction(place, preview, environment(preview, secrets));
    },
    up: (secrets) => play(step("up", "Up"), secrets),
    nightly: async () => [await play(step("drift", "Preview"), {}), await play(step("drift", "Doctor"), {})],
  };
}

function gitLab(place: Place): Pipeline {
  const { jobs } = readGitLabFile();
  const key = { NYLAS_API_KEY: place.emulator.emulator.apiKey };
  const play = (name: string, variables: Record<string, string>) => {
    const job = present(jobs[name]);
    return run(place, present(job.script).join("\n"), { ...job.variables, ...key, ...variables });
  };
  return {
    preview: async (secrets = {}) => {
      const { code } = await play("preview", secrets);
      const [plan = ""] = present(jobs.preview?.artifacts).paths;
      return { code, output: readFileSync(join(place.project, plan), "utf8") };
    },
    up: (secrets) => play("up-dev", secrets),
    nightly: async () => [await play("drift", { STACK: "dev" })],
  };
}

/** Sets the stack's configuration in the copy, as the commit of a pull request does. */
function configure(place: Place, ...args: string[]): void {
  execFileSync("pulumi", ["config", "--stack", "dev", ...args], { cwd: place.project, env: place.env });
}

describe.each([
  ["GitHub", gitHub],
  ["GitLab", gitLab],
])("examples/ci at %s", (_, start) => {
  let place: Place;
  let pipeline: Pipeline;

  beforeAll(async () => {
    const emulator = await TestEmulator.start({ users: [ops, moved, billing] });
    const own = makeWorkDirectory("ci");
    const project = join(own, "project");
    cpSync(CI_EXAMPLE, project, { recursive: true });
    mkdirSync(join(own, "state"));
    // What `npm ci` makes: npx looks for commands in the project's own directory only.
    mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
    symlinkSync(join(ROOT, "provider/bin/nylas-imap.js"), join(project, "node_modules/.bin/nylas-imap"));
    const env = pulumiEnvironment({
      PULUMI_BACKEND_URL: `file://${join(own, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      NYLAS_API_URI: emulator.emulator.apiUri,
      NO_COLOR: "1",
      ...QUICK_COMMANDS,
      PULUMI_NODEJS_TRANSPILE_ONLY: "false",
    });
    place = { emulator, project, own, env, printed: [] };
    // Where the Automation API looks for Pulumi.
    vi.stubEnv("PATH", env.PATH);
    pipeline = start(place);
    execFileSync("pulumi", ["stack", "init", "dev"], { cwd: project, env });
    const { imap, smtp } = emulator;
    const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
    configure(
      place,
      "set-all",
      ...Object.entries(servers).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]),
    );
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await place?.emulator.close();
    if (place !== undefined) rmSync(place.own, { recursive: true, force: true });
  });

  it("says in a pull request that a mailbox which has yet to be made needs its password", async () => {
    const { code, output } = await pipeline.preview();
    expect(code).not.toBe(0);
    expect(output).toContain("environment variable MAILBOX_PASSWORD_OPS is ");
    expect(await place.emulator.writes()).toEqual([]);
  });

  it("shows in a pull request what would be made, and makes it after the merge", async () => {
    const secrets = { MAILBOX_PASSWORD_OPS: ops.password };
    const { code, output } = await pipeline.preview(secrets);
    expect(code, output).toBe(0);
    for (const made of ["ImapConnector mail create", "ByoImapGrant mail-ops create"]) expect(output).toContain(made);
    expect(await place.emulator.writes()).toEqual([]);
    const up = await pipeline.up(secrets);
    expect(up.code, up.output).toBe(0);
    expect(await place.emulator.writes()).toEqual(["POST /v3/connectors", "POST /v3/connect/custom"]);
    expect((await place.emulator.grants()).map(({ email }) => email)).toEqual([ops.username]);
    // The engine has checked the types of the program, as it does for users; once is enough.
    place.env.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
  });

  it("shows a changed argument and a grant that would be lost, without the password of a mailbox that stays", async () => {
    configure(place, "set", "smtpHost", "localhost");
    const changed = await pipeline.preview();
    expect(changed.code, changed.output).toBe(0);
    expect(changed.output).toMatch(/ByoImapGrant mail-ops update.*smtpHost/);
    configure(place, "set", "smtpHost", place.emulator.smtp.host);
    configure(place, "set", "--path", "mailboxes.ops", moved.username);
    const replaced = await pipeline.preview({ MAILBOX_PASSWORD_OPS: moved.password });
    expect(replaced.output).toMatch(/ByoImapGrant mail-ops replace.*imapUsername/);
    configure(place, "set", "--path", "mailboxes.ops", ops.username);
    configure(place, "set", "--path", "mailboxes.billing", billing.username);
    const other = await pipeline.preview({ MAILBOX_PASSWORD_BILLING: billing.password });
    expect(other.output).toMatch(/ByoImapGrant mail-billing create/);
    configure(place, "rm", "--path", "mailboxes.billing");
  });

  it("finds nothing at night, with reads only", async () => {
    await place.emulator.forgetRequests();
    for (const { code, output } of await pipeline.nightly()) expect(code, output).toBe(0);
    expect(await place.emulator.writes()).toEqual([]);
  });

  it("finds a grant at night that can no longer log in, and the next `up` repairs it", async () => {
    const { id } = await place.emulator.grantOf(ops.username);
    await place.emulator.setStatus(id, "invalid");
    const found = await pipeline.nightly();
    for (const { code } of found) expect(code).not.toBe(0);
    const output = found.map((one) => one.output).join("");
    expect(output).toContain("no changes were expected");
    expect(output).toContain("[grant_invalid]");
    const up = await pipeline.up({ MAILBOX_PASSWORD_OPS: ops.password });
    expect(up.code, up.output).toBe(0);
    expect(await place.emulator.grantOf(ops.username)).toMatchObject({ id, grant_status: "valid" });
  });

  it("finds a password at night that was changed at the mail server, and the new secret keeps the grant", async () => {
    const { id } = await place.emulator.grantOf(ops.username);
    await place.emulator.setPassword(ops.username, "rotated, and long enough");
    const found = await pipeline.nightly();
    expect(found.at(-1)?.code).not.toBe(0);
    expect(found.at(-1)?.output).toContain("[mailbox_unreadable]");
    const up = await pipeline.up({ MAILBOX_PASSWORD_OPS: "rotated, and long enough" });
    expect(up.code, up.output).toBe(0);
    for (const { code, output } of await pipeline.nightly()) expect(code, output).toBe(0);
    expect((await place.emulator.grantOf(ops.username)).id).toBe(id);
  });

  it("writes no secret into a log, a comment, a file of the project or the state", () => {
    const state = readFileSync(join(place.own, "state/.pulumi/stacks/nylas-ci/dev.json"), "utf8");
    const text = [...place.printed, state, readFileSync(join(place.project, "Pulumi.dev.yaml"), "utf8")].join();
    const secrets = [ops.password, billing.password, "rotated, and long enough", place.emulator.emulator.apiKey];
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
  });
});
