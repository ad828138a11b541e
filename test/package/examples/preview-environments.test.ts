import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pulumiEnvironment } from "../../../scripts/setup/environment.mjs";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { until } from "../../../tools/harness/until.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import { QUICK_COMMANDS } from "../../support/quick-engine.js";

const ROOT = join(import.meta.dirname, "../../..");
const EXAMPLE = join(ROOT, "examples/preview-environments");
const PASSWORD = "the password of all previews";
/** Longest wait for the engine, in milliseconds. */
const PATIENCE_MS = 120_000;

let emulator: TestEmulator;
let own: string;
let project: string;

beforeEach(async () => {
  emulator = await TestEmulator.start({ users: [{ username: "pr-7@preview.test", password: PASSWORD }] });
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
  own = makeWorkDirectory("preview");
  // A copy: Pulumi writes the stack's configuration beside the program.
  project = join(own, "project");
  mkdirSync(join(own, "state"));
  cpSync(EXAMPLE, project, { recursive: true });
});

afterEach(async () => {
  await emulator.close();
  rmSync(own, { recursive: true, force: true });
});

function start(env: Record<string, string>, ...args: string[]) {
  const { imap, smtp } = emulator;
  const child = spawn(process.execPath, [join(project, "preview.js"), ...args], {
    env: {
      ...pulumiEnvironment({
        PULUMI_BACKEND_URL: `file://${join(own, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "a throw-away passphrase",
        ...QUICK_COMMANDS,
        ...emulator.env,
        PREVIEW_DOMAIN: "preview.test",
        PREVIEW_MAILBOX_PASSWORD: PASSWORD,
        PREVIEW_IMAP_HOST: imap.host,
        PREVIEW_IMAP_PORT: String(imap.port),
        PREVIEW_SMTP_HOST: smtp.host,
        PREVIEW_SMTP_PORT: String(smtp.port),
        ...env,
      }),
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, output }));
  });
  return { child, ended };
}

async function nothingIsLeft(): Promise<void> {
  expect(await emulator.grants()).toEqual([]);
  const stacks = join(own, "state/.pulumi/stacks/nylas-preview");
  expect(existsSync(stacks) ? readdirSync(stacks).filter((file) => file.endsWith(".json")) : []).toEqual([]);
  expect(readdirSync(project).filter((file) => file.startsWith("Pulumi.pr-"))).toEqual([]);
}

/** A command that writes what it was given to `file`, and ends with `code`. */
function command(file: string, code: number): string[] {
  const text = `fs.writeFileSync(${JSON.stringify(file)}, process.env.NYLAS_GRANT_ID); process.exit(${code})`;
  return ["--", process.execPath, "--eval", text];
}

it.each([0, 3])("examples/preview-environments removes its stack after a command that ends with %s", async (code) => {
  const file = join(own, "grant-id");
  const run = await start({}, "run", "7", ...command(file, code)).ended;
  expect(run.code, run.output).toBe(code);
  expect(run.output.includes(PASSWORD)).toBe(false);
  expect(await emulator.writes()).toEqual([
    "POST /v3/connectors",
    "POST /v3/connect/custom",
    expect.stringMatching(/^DELETE \/v3\/grants\/[0-9a-f-]{36}$/),
  ]);
  expect(existsSync(file)).toBe(true);
  await nothingIsLeft();
});

it("examples/preview-environments removes its stack when `up` fails or the job is stopped", async () => {
  const wrong = await start({ PREVIEW_MAILBOX_PASSWORD: "not that one" }, "run", "7", "--", "true").ended;
  expect(wrong.code).toBe(1);
  expect(wrong.output).toMatch(
    /^preview: error: Authenticating mailbox pr-7@preview\.test .*\(invalid_credentials\)$/m,
  );
  expect(wrong.output).not.toMatch(/^ +at /m);
  await nothingIsLeft();

  const file = join(own, "started");
  const wait = `fs.writeFileSync(${JSON.stringify(file)}, ""); setInterval(() => {}, 1000)`;
  const { child, ended } = start({}, "run", "7", "--", process.execPath, "--eval", wait);
  await until("the command runs", PATIENCE_MS, async () => existsSync(file));
  child.kill("SIGTERM");
  expect((await ended).code).toBe(1);
  await nothingIsLeft();
});

it("examples/preview-environments removes what a killed machine has left", async () => {
  const file = join(own, "pid");
  const wait = `fs.writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const { child, ended } = start({}, "run", "7", "--", process.execPath, "--eval", wait);
  await until("the command runs", PATIENCE_MS, async () => existsSync(file) && readFileSync(file, "utf8") !== "");
  child.kill("SIGKILL");
  process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
  await ended;
  expect(await emulator.grants()).toHaveLength(1);
  const removed = await start({ PREVIEW_MAILBOX_PASSWORD: "" }, "remove", "7").ended;
  expect(removed.code, removed.output).toBe(0);
  await nothingIsLeft();

  const unset = await start({ PREVIEW_DOMAIN: "" }, "run", "7", "--", "true").ended;
  expect(unset).toMatchObject({ code: 2, output: expect.stringContaining("set PREVIEW_DOMAIN") });
  const misused = await start({}, "run", "seven", "--", "true").ended;
  expect(misused).toMatchObject({ code: 2, output: expect.stringContaining("Usage:") });
});
