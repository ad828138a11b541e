import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { type NpmScript, startNpmScript, stopsListening } from "../../tools/harness/npm-script.js";
import { isAlive } from "../../tools/harness/processes.mjs";

const ROOT = join(import.meta.dirname, "../..");
const COLUMNS = 80;

function start(): NpmScript {
  const script = startNpmScript(["start"]);
  onTestFinished(() => {
    for (const { pid } of script.processes()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return script;
}

function demoDirectories(): string[] {
  return readdirSync(join(ROOT, ".work")).filter((name) => name.startsWith("demo-"));
}

async function leavesNothing(script: NpmScript): Promise<void> {
  await script.leavesNoProcess();
  expect(demoDirectories()).toEqual([]);
  const [, apiUri] = /emulator of Nylas: (\S+)/.exec(script.printed()) ?? [];
  if (apiUri !== undefined) await stopsListening(apiUri);
}

interface Point {
  when: string;
  reached: (script: NpmScript) => Promise<unknown>;
  signal: NodeJS.Signals;
  target: "group" | "npm";
  ends: { code: number | null; signal: NodeJS.Signals | null };
}

const CTRL_C: Pick<Point, "signal" | "target" | "ends"> = {
  signal: "SIGINT",
  target: "group",
  ends: { code: 130, signal: null },
};

const POINTS: Point[] = [
  { ...CTRL_C, when: "Ctrl-C, in the set-up", reached: (script) => script.prints(/set-up: node/) },
  {
    ...CTRL_C,
    when: "Ctrl-C, while Pulumi's provider starts",
    reached: (script) => script.runs("cmd/dynamic-provider"),
  },
  {
    when: "SIGTERM for npm",
    reached: (script) => script.prints(/\$ pulumi up/),
    signal: "SIGTERM",
    target: "npm",
    ends: { code: 143, signal: null },
  },
  {
    when: "SIGKILL for npm",
    reached: (script) => script.prints(/\$ pulumi up/),
    signal: "SIGKILL",
    target: "npm",
    ends: { code: null, signal: "SIGKILL" },
  },
];

afterEach(() => expect(demoDirectories()).toEqual([]));

// The processes of a script are found in /proc.
describe.runIf(process.platform === "linux")("npm start", () => {
  it("shows a life of a stack, as wide as a terminal, and leaves nothing", async () => {
    const script = start();
    expect(await script.ended, script.printed()).toEqual({ code: 0, signal: null });
    const printed = script.printed();
    const lines = printed.split("\n");
    expect(lines.filter((line) => line.length > COLUMNS)).toEqual([]);
    expect(stripVTControlCharacters(printed), "plain where there is no terminal").toBe(printed);
    expect(printed.match(/not reachable/g)?.length ?? 0, "a reason is said once").toBeLessThanOrEqual(1);
    expect(printed).toMatch(/\n {2}Outputs\n.*…\n {4}connectorId +imap\n {4}grantIds\.\w+ +[\w-]{36}\n/);
    expect(lines.filter((line) => line.startsWith("  ✓ "))).toHaveLength(6);
    expect(printed).toMatch(/Summary\n.* 4 writes .*\n.* 0 writes .*\n.* 1 write .*\n.* 4 writes /);
    expect(printed).toMatch(/Done in \d+ s; nothing is left\. Next:/);
    await leavesNothing(script);
  });

  it.each(POINTS)("leaves nothing: $when", async ({ reached, signal, target, ends }) => {
    const script = start();
    await reached(script);
    if (target === "group") script.signalGroup(signal);
    else process.kill(script.pid, signal);
    expect(await script.ended, script.printed()).toEqual(ends);
    await leavesNothing(script);
    expect(script.printed()).not.toContain("demo:");
  });
});
