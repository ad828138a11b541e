import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEmulator } from "../../tools/harness/test-emulator.js";

const PROCESS = join(import.meta.dirname, "interrupted-process.ts");
/** Delay during which the process is interrupted, in milliseconds. */
const SLOW_MS = 5_000;

let emulator: TestEmulator;
let home: string;

beforeEach(async () => {
  emulator = await TestEmulator.start();
  home = mkdtempSync(join(tmpdir(), "unsaved-"));
  await emulator.call("POST", "/v3/connectors", { provider: "imap" });
});

afterEach(async () => {
  await emulator.close();
  rmSync(home, { recursive: true, force: true });
});

/** Runs the process until it exits. Returns how many notes it has left. */
async function notesLeft(...args: string[]): Promise<number> {
  const mailboxes = [0, 1].map((index) => {
    const { username, password } = emulator.user(index);
    return {
      ...{ imapUsername: username, imapPassword: password, imapHost: emulator.imap.host, imapPort: emulator.imap.port },
      ...{ receiveOnly: true, verify: false, owner: `0a${index}`, stack: "0b" },
    };
  });
  const env = { ...process.env, ...emulator.env, PULUMI_HOME: home, MAILBOXES: JSON.stringify(mailboxes) };
  const child = spawn(process.execPath, [PROCESS, ...args], { env, stdio: ["ignore", "inherit", "inherit"] });
  const signal = await new Promise((resolve) => child.once("close", (_code, by) => resolve(by)));
  expect(signal).toBe("SIGINT");
  const directory = join(home, "nylas-imap/unsaved");
  return existsSync(directory) ? readdirSync(directory).length : 0;
}

describe("the notes of what may not be saved", () => {
  it("go with the end of a run in which everything was answered", async () => {
    expect(await notesLeft()).toBe(0);
    expect(await emulator.grants()).toHaveLength(2);
  });

  it("all stay when the engine ends while a call is under way, as after Ctrl-C twice: it has saved neither", async () => {
    await emulator.faults({ method: "POST", path: "/v3/connect/custom", nth: 2, delayMs: SLOW_MS });
    expect(await notesLeft("--at-first")).toBe(2);
  });
});
