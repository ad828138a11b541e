import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectorJournal } from "../../provider/src/core/ownership/journal.js";
import { here } from "../support/here.js";
import type { Order } from "./connector-journal-process.ts";

const worker = join(import.meta.dirname, "connector-journal-process.ts");
const built = (file: string) => pathToFileURL(join(import.meta.dirname, "../../provider/dist", file)).href;
const ROUNDS = 400;
/** More reads than writes, because a read is faster: both processes then finish at about the same time. */
const READS = 4_000;
/** Time between sending a command and the moment at which it runs, in nanoseconds. */
const LEAD_NS = 2_000_000n;
/** Largest difference between the start times of the two processes, in nanoseconds. */
const SPREAD_NS = 150_000n;
/** A user id that no system has. */
const NOBODY_UID = 54_321;

let home: string;
let children: ChildProcess[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "journal-"));
  children = [];
  vi.stubEnv("PULUMI_HOME", home);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const child of children) {
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  }
  rmSync(home, { recursive: true, force: true });
});

function start(): ChildProcess {
  const child = fork(worker, { env: { ...process.env, PULUMI_HOME: home }, execArgv: [] });
  children.push(child);
  return child;
}

/** The journal of an application, in the home directory of the moment. */
function journalOf(application: string) {
  return connectorJournal(application, here().notesDirectory);
}

/** Runs a command in the process. Returns what the process reads afterwards. */
async function tell(child: ChildProcess, order: Order): Promise<string[]> {
  const answered = once(child, "message");
  child.send(order);
  const [seen] = (await answered) as [string[]];
  return seen;
}

describe("the connector's note", () => {
  it("is there for the next run, until its owner forgets it", () => {
    journalOf("app").write({ owner: "a", made: true });
    expect(journalOf("app").read()).toEqual({ owner: "a", made: true });
    expect(journalOf("another").read()).toBeUndefined();
    journalOf("app").forget("b");
    journalOf("app").forget(undefined);
    expect(journalOf("app").read()).toEqual({ owner: "a", made: true });
    journalOf("app").forget("a");
    expect(journalOf("app").read()).toBeUndefined();
  });

  it("takes no more room, however often it changes", () => {
    const journal = journalOf("app");
    const sizes = Array.from({ length: 20 }, (_, turn) => {
      journal.write({ owner: `owner-${turn}`, made: true });
      return readdirSync(home, { recursive: true }).length;
    });
    expect(sizes.at(-1)).toBe(sizes[2]);
  });

  it("is read where an earlier version of the package has written it, and replaced from there", () => {
    const directory = join(home, "nylas-imap", "connectors");
    const file = join(directory, `${createHash("sha256").update("app").digest("hex")}.json`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, '{"owner":"a","made":true}');
    expect(journalOf("app").read()).toEqual({ owner: "a", made: true });
    journalOf("app").forget("a");
    expect(journalOf("app").read()).toBeUndefined();
    journalOf("app").write({ owner: "b", made: false });
    expect(journalOf("app").read()).toEqual({ owner: "b", made: false });
    expect(existsSync(file)).toBe(false);
  });

  it("is none when its file holds something else", () => {
    const directory = join(home, "nylas-imap", "connectors");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${createHash("sha256").update("app").digest("hex")}.json`), '{"owner":');
    expect(journalOf("app").read()).toBeUndefined();
  });

  it("holds within a run where nothing can be written", () => {
    vi.stubEnv("PULUMI_HOME", "/dev/null/home");
    journalOf("unwritable").write({ owner: "a", made: true });
    expect(journalOf("unwritable").read()).toEqual({ owner: "a", made: true });
    journalOf("unwritable").forget("b");
    expect(journalOf("unwritable").read()).toEqual({ owner: "a", made: true });
    journalOf("unwritable").forget("a");
    expect(journalOf("unwritable").read()).toBeUndefined();
  });

  it("stands below the user's home directory when PULUMI_HOME is empty", () => {
    vi.stubEnv("PULUMI_HOME", "");
    vi.stubEnv("HOME", home);
    journalOf("app").write({ owner: "a", made: true });
    expect(readdirSync(home)).toEqual([".pulumi"]);
  });

  it("is written nowhere when there is no home directory", () => {
    const { seen, left } = inOwnProcess({ HOME: "", PULUMI_HOME: "" });
    expect({ seen, left }).toEqual({ seen: { owner: "a", made: true }, left: [] });
  });

  it.runIf(process.getuid?.() === 0)("is written nowhere for a user that the system does not know", () => {
    const { seen, left } = inOwnProcess({}, { uid: NOBODY_UID, gid: NOBODY_UID });
    expect({ seen, left }).toEqual({ seen: { owner: "a", made: true }, left: [] });
  });
});

describe("the connector's note under two processes", () => {
  it("stays with who wrote it while its last owner forgets it", async () => {
    const [first, second] = [start(), start()];
    for (let round = 0; round < ROUNDS; round++) {
      const application = `app-${round}`;
      journalOf(application).write({ owner: "a", made: true });
      const at = process.hrtime.bigint() + LEAD_NS;
      const later = at + (SPREAD_NS * BigInt(round)) / BigInt(ROUNDS);
      await Promise.all([
        tell(first, { application, at: String(at), forget: "a" }),
        tell(second, { application, at: String(later), write: [{ owner: "b", made: true }] }),
      ]);
      expect(journalOf(application).read(), `round ${round}`).toEqual({ owner: "b", made: true });
    }
  });

  it("is never seen half-written, nor missing", async () => {
    const [writer, reader] = [start(), start()];
    const owners = ["a".repeat(20_000), "b"];
    journalOf("app").write({ owner: "b", made: true });
    const at = String(process.hrtime.bigint() + LEAD_NS);
    const write = Array.from({ length: ROUNDS }, (_, turn) => ({ owner: String(owners[turn % 2]), made: true }));
    const [, seen] = await Promise.all([
      tell(writer, { application: "app", at, write }),
      tell(reader, { application: "app", at, reads: READS }),
    ]);
    expect(seen.filter((owner) => !owners.includes(owner))).toEqual([]);
  });
});

/** Writes and reads a note in a process without a home directory. Returns what it read and the files it left. */
function inOwnProcess(env: NodeJS.ProcessEnv, user: { uid?: number; gid?: number } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "journal-cwd-"));
  try {
    const program = `
      const { connectorJournal } = await import(${JSON.stringify(built("core/ownership/journal.js"))});
      const { nodeProcess } = await import(${JSON.stringify(built("hosts/node-process.js"))});
      const journal = connectorJournal("app", nodeProcess(() => undefined).notesDirectory);
      journal.write({ owner: "a", made: true });
      console.log(JSON.stringify(journal.read()));`;
    const args = ["--input-type=module", "--eval", program];
    const output = execFileSync(process.execPath, args, { cwd: directory, env, encoding: "utf8", ...user });
    return { seen: JSON.parse(output) as unknown, left: readdirSync(directory) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
