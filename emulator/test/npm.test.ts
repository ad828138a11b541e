import { describe, expect, it, onTestFinished } from "vitest";
import { listens, type NpmScript, startNpmScript, stopsListening } from "../../tools/harness/npm-script.js";
import { isAlive } from "../../tools/harness/processes.mjs";
import { until } from "../../tools/harness/until.js";

const ENDS_WITHIN_MS = 10_000;

function start(...args: string[]): NpmScript {
  const script = startNpmScript(["emulator", "--", ...args]);
  onTestFinished(() => {
    for (const { pid } of script.processes()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return script;
}

// The processes of a script are found in /proc.
describe.runIf(process.platform === "linux")("npm run emulator", () => {
  it.each<[string, NodeJS.Signals, "npm" | "group"]>([
    ["npm gets SIGTERM, as from kill", "SIGTERM", "npm"],
    ["npm is killed", "SIGKILL", "npm"],
    ["Ctrl-C is pressed in its terminal", "SIGINT", "group"],
  ])("ends the emulator when %s", async (_, signal, target) => {
    const script = start("--mail");
    const [, apiUri = ""] = await script.prints(/"apiUri":"([^"]+)"/);
    expect(await listens(apiUri)).toBe(true);
    if (target === "npm") process.kill(script.pid, signal);
    else script.signalGroup(signal);
    await script.ended;
    await script.leavesNoProcess();
    await stopsListening(apiUri);
  });

  it("leaves the emulator of --env in the background, with nothing that would end it", async () => {
    const script = start("--env");
    const [, apiUri = ""] = await script.prints(/NYLAS_API_URI='([^']+)'/);
    const [, pid] = await script.prints(/NYLAS_EMULATOR_PID='(\d+)'/);
    expect(await script.ended).toEqual({ code: 0, signal: null });
    const left = script.processes();
    expect(left.map((one) => one.pid)).toEqual([Number(pid)]);
    // What watches npm is scripts/emulator.mjs.
    expect(left[0]?.command).toContain("emulator/dist/cli.js");
    expect(left[0]?.command).not.toContain("scripts/");
    expect(await listens(apiUri)).toBe(true);
    process.kill(Number(pid), "SIGTERM");
    await until("the emulator ends", ENDS_WITHIN_MS, () => script.processes().length === 0);
  });
});
