import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present, TestEmulator } from "../../../tools/harness/test-emulator.js";
import { examples } from "../support/guide.js";
import { SETTINGS, type Setting } from "./answers.js";
import { ENDPOINTS, endpointsAnswering, REFUSALS, refusalsIn, requestsOfSdk } from "./log.js";
import { preparePython } from "./python.js";
import { STEPS } from "./steps.js";

/** What came of a walk. */
interface Walked {
  steps: readonly { step: string; wrong?: string }[];
  version: string;
  calls: number;
}

const root = join(import.meta.dirname, "../../..");
const WALK = join(import.meta.dirname, "walk.py");
const UPDATE = "PATCH /v3/connectors/imap";
/** This SDK never sends a PUT. */
const UNASKED = "connectorPut";
const WALK_TIMEOUT_MS = 120_000;

const execute = promisify(execFile);
const python = await preparePython();
const walks: Walked[] = [];

afterAll(() => {
  if (walks[0] === undefined) return;
  const calls = walks.reduce((sum, walk) => sum + walk.calls, 0);
  console.log(`judges: Nylas Python SDK ${walks[0].version}: ${calls} calls in ${walks.length} walks`);
});

if (python.command === undefined) {
  it.skip(`the official Python SDK walks through the emulator [skipped: ${python.missing}]`, () => {});
} else {
  for (const setting of SETTINGS) describe(`the official Python SDK, ${setting.name}`, () => judge(setting));

  it("the official Python SDK connects a mailbox as emulator/docs/testing-with-the-emulator.md shows it", async () => {
    const { stdout } = await execute(python.command, ["-c", present(examples("python")[0])], { cwd: root });
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  });
}

function judge({ chosen, answers }: Setting): void {
  let emulator: TestEmulator;
  let walked: Walked;

  beforeAll(async () => {
    emulator = await TestEmulator.start({ behavior: chosen });
    walked = await walk(emulator, answers);
    walks.push(walked);
  });

  afterAll(() => emulator.close());

  for (const name of STEPS) {
    it(name, () => {
      const taken = walked.steps.find(({ step }) => step === name);
      expect(taken, "the walk did not come to this step").toBeDefined();
      if (taken?.wrong !== undefined) throw new Error(taken.wrong);
    });
  }

  it("took every step, to every endpoint, every refusal and every open question", async () => {
    expect(walked.steps.map(({ step }) => step)).toEqual(STEPS);
    const log = await requestsOfSdk(emulator);
    expect(endpointsAnswering(log)).toEqual([...ENDPOINTS, UPDATE].toSorted());
    for (const status of REFUSALS) expect(refusalsIn(log)).toContain(status);
    const asked = await emulator.questionsAsked();
    for (const question of Object.keys(chosen)) if (question !== UNASKED) expect(asked).toContain(question);
  });

  it("made every call that it counted, and no other", async () => {
    expect(await requestsOfSdk(emulator)).toHaveLength(walked.calls);
  });
}

async function walk(
  { emulator: { apiUri, apiKey, applicationId, imap, smtp, users } }: TestEmulator,
  answers: Setting["answers"],
): Promise<Walked> {
  const given = { apiUri, apiKey, applicationId, imap, smtp, users, answers };
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", WALK: JSON.stringify(given) };
  const { stdout } = await execute(python.command ?? "", [WALK], { env, timeout: WALK_TIMEOUT_MS });
  const lines = stdout.trim().split("\n");
  // Written by the walk alone: its steps, and a last line about itself.
  const last = JSON.parse(lines.pop() ?? "") as Omit<Walked, "steps">;
  return { steps: lines.map((line) => JSON.parse(line) as Walked["steps"][number]), ...last };
}
