import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../support/emulator.js";
import { examples } from "../support/guide.js";
import { SETTINGS, type Setting } from "./answers.js";
import { preparePython } from "./python.js";

/** A line of the walk: what was wrong in a step, or at its end the calls that the SDK has made. */
type Line = { step: string; wrong?: string } | { calls: number };

const root = join(import.meta.dirname, "../..");
const WALK = join(import.meta.dirname, "walk.py");
const SDK = "Nylas Python SDK 6.18.0";
const WALK_TIMEOUT_MS = 120_000;

const execute = promisify(execFile);
const python = await preparePython();
const steps = python.command === undefined ? [] : namesOf(python.command);
let calls = 0;

afterAll(() => {
  if (calls > 0) console.log(`judges: ${SDK}: ${calls} calls in ${SETTINGS.length} walks`);
});

if (python.command === undefined) {
  it.skip(`the official Python SDK walks through the emulator [skipped: ${python.missing}]`, () => {});
} else {
  for (const setting of SETTINGS) describe(`the official Python SDK, ${setting.name}`, () => judge(setting));

  it("the official Python SDK connects a mailbox as docs/testing-with-the-emulator.md shows it", async () => {
    const { stdout } = await execute(python.command, ["-c", present(examples("python")[0])], { cwd: root });
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  });
}

function judge({ chosen, answers }: Setting): void {
  let emulator: TestEmulator;
  let lines: Line[] = [];

  beforeAll(async () => {
    emulator = await TestEmulator.start({ behaviour: chosen });
    lines = await walk(emulator, answers);
  });

  afterAll(() => emulator.close());

  for (const step of steps) {
    it(step, () => {
      const line = lines.find((candidate) => "step" in candidate && candidate.step === step);
      expect(line, "the walk did not come to this step").toBeDefined();
      if (line !== undefined && "wrong" in line) throw new Error(line.wrong);
    });
  }

  it("made every call that it counted, and no other", async () => {
    const last = lines.at(-1);
    const counted = last !== undefined && "calls" in last ? last.calls : 0;
    const received = (await emulator.requests()).filter(({ path }) => !OWN_REQUESTS.includes(path));
    expect(counted).toBeGreaterThan(steps.length);
    expect(received).toHaveLength(counted);
    calls += counted;
  });
}

/** What the walk sends beside the SDK, as the browser of a person. */
const OWN_REQUESTS = ["/v3/connect/auth"];

async function walk(
  { emulator: { apiUri, apiKey, applicationId, imap, smtp, users } }: TestEmulator,
  answers: Setting["answers"],
): Promise<Line[]> {
  const given = { apiUri, apiKey, applicationId, imap, smtp, users, answers };
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", WALK: JSON.stringify(given) };
  const { stdout } = await execute(python.command ?? "", [WALK], { env, timeout: WALK_TIMEOUT_MS });
  // Written by the walk alone.
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
}

function namesOf(command: string): string[] {
  // The walk's own list.
  return JSON.parse(execFileSync(command, [WALK, "--list"], { encoding: "utf8" })) as string[];
}
