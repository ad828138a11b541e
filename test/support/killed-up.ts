import type { ChildProcess } from "node:child_process";
import { expect } from "vitest";
import { BASE_DELAY_MS } from "../../provider/src/nylas/retry-delay.js";
import { descendants, endProcess, type RunningProcess } from "../../tools/harness/processes.mjs";
import { present, TestEmulator } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";
import { removeBrokenSideFiles } from "./backend.js";
import { type Interception, type KillProxy, type ProxiedRequest, startKillProxy, type Verdict } from "./kill-proxy.js";
import { type HostName, program } from "./programs.js";
import { createStack, type Stack } from "./stack.js";

const MAILBOXES = 10;
/**
 * Requests of an `up` of one connector and ten mailboxes: the application, look-up and creation of the connector, the list of
 * grants and its end, and for each mailbox its authentication and its verification.
 */
export const UP_REQUESTS = 5 + 2 * MAILBOXES;
/** Silence after which an orphaned provider sends nothing more: longer than its longest first retry delay. */
const QUIET_MS = 2 * BASE_DELAY_MS;
/** Longest wait for orphaned providers, in milliseconds. */
const ORPHAN_LIMIT_MS = 60_000;

/** Where a request is when the run ends. */
export type When = "before" | "after";

/** Ends a run; `processes` are those that the engine has started. */
export type End = (engine: ChildProcess, processes: readonly RunningProcess[]) => void;

/** `kill -9` for the engine: its plugins have process groups of their own and go on. */
export const killEngine: End = (engine) => process.kill(-present(engine.pid), "SIGKILL");

/** As when the machine goes down. */
export const killEverything: End = (engine, processes) => {
  killEngine(engine, processes);
  for (const { pid } of processes) endProcess(pid);
};

/** The provider alone, as when memory runs out. */
export const killProvider: End = (_engine, processes) => {
  const providers = processes.filter(({ command }) => /dynamic-provider|pulumi-resource-nylas/.test(command));
  expect(providers.length).toBeGreaterThan(0);
  for (const { pid } of providers) endProcess(pid);
};

/** Ctrl-C twice. */
export const interruptTwice: End = (engine) => {
  process.kill(present(engine.pid), "SIGINT");
  process.kill(present(engine.pid), "SIGINT");
};

/** Counts a run's requests and ends the run at one of them. */
class Ender implements Interception {
  /** Since the last run began. */
  requests = 0;
  #at: { number: number; when: When; end: () => void } | undefined;
  #request: ProxiedRequest | undefined;

  begin(at?: { number: number; when: When; end: () => void }): void {
    this.requests = 0;
    this.#at = at;
    this.#request = undefined;
  }

  get hasEnded(): boolean {
    return this.#at === undefined;
  }

  before(request: ProxiedRequest): Verdict {
    this.requests += 1;
    if (this.requests === this.#at?.number) this.#request = request;
    return this.#reached(request, "before");
  }

  after(request: ProxiedRequest): Verdict {
    return this.#reached(request, "after");
  }

  #reached(request: ProxiedRequest, when: When): Verdict {
    const at = this.#at;
    if (request !== this.#request || when !== at?.when) return "pass";
    this.#at = undefined;
    at.end();
    return "reset";
  }
}

/** An emulator with ten mailboxes behind a proxy that can end a run at any of its requests. */
export class KillBench {
  #stacks = 0;
  #points = 0;
  #orphans = 0;
  #duplicates = 0;
  #mended = 0;

  private constructor(
    readonly emulator: TestEmulator,
    readonly proxy: KillProxy,
    readonly ender: Ender,
  ) {}

  static async start(): Promise<KillBench> {
    const users = Array.from({ length: MAILBOXES }, (_, index) => ({
      username: `mailbox-${index}@example.test`,
      password: `password of mailbox ${index}`,
    }));
    const emulator = await TestEmulator.start({ users });
    const ender = new Ender();
    return new KillBench(emulator, await startKillProxy(emulator.emulator.apiUri, ender), ender);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.emulator.close();
  }

  /** Creates a stack with a unique name, which the connector journal does not contain. */
  async stack(host: HostName): Promise<Stack> {
    this.#stacks += 1;
    const mailboxes = Object.fromEntries(this.emulator.users.map((user, index) => [`mailbox-${index}`, user]));
    return createStack({
      name: `kill-${process.pid}-${this.#stacks}`,
      program: program(this.emulator, { host, mailboxes }),
      env: { ...this.emulator.env, NYLAS_API_URI: this.proxy.uri },
      sharedHost: true,
    });
  }

  /** Ends an `up` at its n-th request, then recovers as the documentation says, and expects a complete stack. */
  async endAndRepeat(host: HostName, number: number, when: When, how: End): Promise<void> {
    const stack = await this.stack(host);
    const processes: RunningProcess[] = [];
    try {
      const { child } = stack.start("up");
      const engine = present(child.pid);
      const end = () => {
        processes.push(...descendants(engine));
        how(child, processes);
      };
      this.ender.begin({ number, when, end });
      // Wait for `exit`, not `close`: child processes may keep the output open.
      await new Promise((resolve) => child.once("exit", resolve));
      expect(this.ender.hasEnded, stack.printed()).toBe(true);
      expect(child.exitCode, stack.printed()).not.toBe(0);
      await until("the orphans have no request left", ORPHAN_LIMIT_MS, () => this.proxy.quietMs() > QUIET_MS);

      this.#mended += removeBrokenSideFiles(stack.backend);
      await stack.run("cancel", "--yes");
      const up = await stack.run("up");
      expect(up.code, stack.printed()).toBe(0);
      await this.#expectWhole(stack);
    } finally {
      for (const { pid } of processes) endProcess(pid);
      stack.remove();
      await this.#clean();
    }
  }

  report(): string {
    const found = `kill points: ${this.#points}, orphans: ${this.#orphans}, duplicates: ${this.#duplicates}`;
    return `${found} (broken side files of the backend removed: ${this.#mended})`;
  }

  /** Expects one grant for each mailbox, each in the state. */
  async #expectWhole(stack: Stack): Promise<void> {
    const grants = await this.emulator.grants();
    const resources = stack.resources();
    const managed = resources.filter(({ type }) => type.endsWith(":ByoImapGrant"));
    const ids = managed.map(({ id }) => id);
    this.#points += 1;
    this.#orphans += grants.filter(({ id }) => !ids.includes(id)).length;
    this.#duplicates += grants.length - new Set(grants.map(({ email }) => email)).size;
    this.#duplicates += ids.length - new Set(ids).size;

    const pairs = managed.map(({ id, outputs }) => `${outputs.email} ${id}`);
    expect(grants.map(({ id, email }) => `${email} ${id}`).sort()).toEqual(pairs.sort());
    expect(grants).toHaveLength(MAILBOXES);
    const connectors = resources.filter(({ type }) => type.endsWith(":ImapConnector"));
    expect(connectors).toHaveLength(1);
    expect(await this.emulator.connectors()).toHaveLength(1);
    expect([...connectors, ...managed].filter(({ outputs }) => outputs.adopted !== false)).toEqual([]);
    // The next `up` has nothing to do: nothing is half made, invalid or to be deleted.
    expect(resources.filter(({ initErrors = [], delete: old }) => initErrors.length > 0 || old === true)).toEqual([]);
    expect(managed.filter(({ outputs }) => outputs.grantStatus !== "valid")).toEqual([]);
  }

  async #clean(): Promise<void> {
    for (const { id } of await this.emulator.grants()) await this.emulator.call("DELETE", `/v3/grants/${id}`);
    for (const { provider } of await this.emulator.connectors()) {
      await this.emulator.call("DELETE", `/v3/connectors/${provider}`);
    }
  }
}
