import { cpSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { SAME_SIGNAL_MS } from "../../tools/harness/interruption.mjs";
import { type NpmScript, startNpmScript, stopsListening } from "../../tools/harness/npm-script.js";
import { isAlive } from "../../tools/harness/processes.mjs";
import { allOr } from "../../tools/harness/repetitions.js";
import { until } from "../../tools/harness/until.js";
import { makeWorkDirectory } from "../../tools/harness/work-directory.js";

const ROOT = join(import.meta.dirname, "../..");
const COLUMNS = 80;
/** Less than the time after which a process that does not end is killed without a second Ctrl-C. */
const HURRIED_MS = 12_000;
/** What `npm ci` needs of the repository, and what starts it. */
const SOURCES = ["package.json", "package-lock.json", ".npmrc", "scripts", "provider", "emulator", "examples", "tools"];

function start(directory?: string): NpmScript {
  const script = startNpmScript(["start"], directory);
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

const CTRL_C = { signal: "SIGINT", target: "group", ends: { code: 130, signal: null } } as const;

const WHILE_PROVIDER_RUNS: Point = {
  when: "Ctrl-C, while Pulumi's provider starts",
  reached: (script) => script.runs("cmd/dynamic-provider"),
  ...CTRL_C,
};

const POINTS: Point[] = [
  { when: "Ctrl-C, in the set-up", reached: (script) => script.prints(/set-up: node/), ...CTRL_C },
  { when: "Ctrl-C, while the emulator starts", reached: (script) => script.runs("emulator/dist/cli.js"), ...CTRL_C },
  { when: "Ctrl-C, while the stack is made", reached: (script) => script.runs("stack init"), ...CTRL_C },
  { when: "Ctrl-C, while Pulumi starts", reached: (script) => script.prints(/\$ pulumi up/), ...CTRL_C },
  WHILE_PROVIDER_RUNS,
  {
    when: "Ctrl-C, in the middle of an up",
    reached: (script) => script.prints(/ImapConnector imap created/),
    ...CTRL_C,
  },
  { when: "Ctrl-C, between two runs", reached: (script) => script.prints(/all valid/), ...CTRL_C },
  {
    when: "SIGTERM for npm",
    reached: (script) => script.prints(/\$ pulumi up/),
    signal: "SIGTERM",
    target: "npm",
    ends: { code: 143, signal: null },
  },
  {
    when: "a closed terminal",
    reached: (script) => script.prints(/\$ pulumi up/),
    signal: "SIGHUP",
    target: "group",
    // npm itself listens to no SIGHUP.
    ends: { code: null, signal: "SIGHUP" },
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

  it.each(allOr(POINTS, [WHILE_PROVIDER_RUNS]))("leaves nothing: $when", async ({ reached, signal, target, ends }) => {
    const script = start();
    await reached(script);
    if (target === "group") script.signalGroup(signal);
    else process.kill(script.pid, signal);
    expect(await script.ended, script.printed()).toEqual(ends);
    await leavesNothing(script);
    expect(script.printed()).not.toContain("demo:");
  });

  it("kills at a second Ctrl-C what does not end at the first", async () => {
    const script = start();
    await script.prints(/\$ pulumi up/);
    const engine = await script.runs("up --suppress-progress");
    // A stopped process handles no signal.
    process.kill(engine.pid, "SIGSTOP");
    script.signalGroup("SIGINT");
    const first = performance.now();
    await script.prints(/A second Ctrl-C kills it/);
    await until("npm does not repeat it any more", HURRIED_MS, () => performance.now() - first > SAME_SIGNAL_MS);
    script.signalGroup("SIGINT");
    expect(await script.ended).toEqual(CTRL_C.ends);
    expect(performance.now() - first).toBeLessThan(HURRIED_MS);
    await leavesNothing(script);
  });

  it("leaves nothing when nobody reads on", async () => {
    const script = start();
    await script.prints(/\$ pulumi up/);
    script.stopReading();
    expect(await script.ended).toEqual({ code: 129, signal: null });
    await leavesNothing(script);
  });

  it("leaves nothing: Ctrl-C, while npm installs", async () => {
    const directory = makeWorkDirectory("fresh");
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    for (const name of SOURCES) {
      const filter = (path: string) => !["node_modules", "dist"].includes(basename(path));
      cpSync(join(ROOT, name), join(directory, name), { recursive: true, filter });
    }
    const script = start(directory);
    await script.runs("npm-cli.js ci");
    script.signalGroup("SIGINT");
    expect(await script.ended).toEqual(CTRL_C.ends);
    await script.leavesNoProcess();
    expect(readdirSync(join(directory, ".work"))).toEqual([]);
  });
});
