import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EmulatorOptions } from "nylas-emulator";
import { expect } from "vitest";
import { descendants, endProcess, isAlive } from "../../tools/harness/processes.mjs";
import { present, TestEmulator, type WireGrant } from "../../tools/harness/test-emulator.js";
import { until } from "../../tools/harness/until.js";
import { removeBrokenSideFiles } from "../support/backend.js";
import { GRANT_TYPES, type HostName, type Mailbox, type ProgramOptions, program } from "../support/programs.js";
import { createStack, type Finished, type Stack, type StateResource } from "../support/stack.js";

/** The two writes that create objects. */
export const CONNECT = "POST /v3/connectors";
export const AUTHENTICATE = "POST /v3/connect/custom";

const PROJECT = "lifecycle";
/** Clock ticks of /proc/<pid>/stat. Linux uses this value on every platform that Node supports. */
const TICKS_PER_SECOND = 100;
/** Longer than a new grant may be invisible at Nylas. */
export const LONG_AGO_SECONDS = 600;
/** Longest wait for a condition. Includes the engine's start on a busy machine. */
export const PATIENCE_MS = 60_000;

/** How messages name what a program may write. */
const TELLS = {
  dynamic: { newConnector: "new ImapConnector", getGrant: "ByoImapGrant.get", alias: "the option aliases: [{ name:" },
  native: {
    newConnector: "nylas:index:ImapConnector",
    getGrant: "the function getGrant",
    alias: "the option `aliases`",
  },
} as const satisfies Record<HostName, object>;

/** Gives the stack another PULUMI_HOME, which holds no notes of earlier runs. */
export function onAnotherMachine({ directory, env }: Stack): void {
  env.PULUMI_HOME = mkdtempSync(join(directory, "home-"));
}

/** A scenario's environment: one application with its mail servers, and the stacks that use it. */
export class World {
  readonly #stacks: { name: string; stack: Stack }[] = [];
  readonly #emulators: TestEmulator[] = [];
  readonly #secrets = new Set<string>();
  readonly #left = new Set<string>();
  readonly #closing: (() => Promise<void>)[] = [];
  readonly #leftBehind: number[] = [];

  private constructor(
    readonly emulator: TestEmulator,
    readonly stack: Stack,
    readonly answers: Readonly<Record<string, string>>,
    readonly host: HostName,
  ) {}

  static async open(options?: EmulatorOptions, host: HostName = "dynamic"): Promise<World> {
    const emulator = await TestEmulator.start(options);
    const stack = await createStack({ env: emulator.env, project: PROJECT, name: "first", sharedHost: true });
    const world = new World(emulator, stack, options?.behavior ?? {}, host);
    world.#stacks.push({ name: "first", stack });
    world.#keepsSecretsOf(emulator);
    return world;
  }

  async close(): Promise<void> {
    for (const pid of this.#leftBehind) endProcess(pid);
    await Promise.all([...this.#emulators.map((emulator) => emulator.close()), ...this.#closing.map((end) => end())]);
    for (const { stack } of this.#stacks) stack.remove();
  }

  /** Another stack on the same application. */
  async anotherStack(name = "second"): Promise<Stack> {
    const stack = await createStack({ env: this.emulator.env, project: PROJECT, name, sharedHost: true });
    this.#stacks.push({ name, stack });
    return stack;
  }

  async renameStack(stack: Stack, name: string): Promise<void> {
    await stack.rename(name);
    present(this.#stacks.find((entry) => entry.stack === stack)).name = name;
  }

  /** Another application, with mail servers of its own. */
  async anotherApplication(): Promise<TestEmulator> {
    const emulator = await TestEmulator.start();
    this.#keepsSecretsOf(emulator);
    return emulator;
  }

  /** Closes `thing` when this world is closed. */
  owns<T extends { close(): Promise<void> }>(thing: T): T {
    this.#closing.push(() => thing.close());
    return thing;
  }

  /** The connector as Nylas returns it after it was created with this name. */
  connectorNamed(name: string): { provider: string; name?: string } {
    const { connectorName = "given" } = this.answers;
    if (connectorName === "absent") return { provider: "imap" };
    return { provider: "imap", name: connectorName === "given" ? name : "imap" };
  }

  /** Registers a value that `check` must not find in clear anywhere. */
  secret(value: string): string {
    this.#secrets.add(value);
    return value;
  }

  /** Deletes a grant without Pulumi, and lets so much time pass that its absence is believed. */
  async deletedLongAgo(grantId: string | undefined): Promise<void> {
    await this.emulator.call("DELETE", `/v3/grants/${present(grantId)}`);
    await this.makeGrantsOld();
  }

  /** Lets so much time pass at Nylas that the absence of grants is believed. */
  async makeGrantsOld(): Promise<void> {
    await this.emulator.putClockAhead(LONG_AGO_SECONDS);
  }

  /** Marks a grant that may exist at the end of the scenario although no stack manages it. */
  leaves(grantId: string): void {
    this.#left.add(grantId);
  }

  /** How messages name what this world's programs may write. */
  get tells() {
    return TELLS[this.host];
  }

  /** Options of a resource that is to be replaced by force; the classes of the TypeScript package set this one by themselves. */
  get replaceable(): string {
    return this.host === "native" ? "{ deleteBeforeReplace: true }" : "{}";
  }

  /** One of the emulator's mailboxes, with its current password unless `change` has another one. */
  mailbox(index: number, change: Partial<Mailbox> = {}): Mailbox {
    return { ...this.emulator.user(index), ...change };
  }

  /** Writes the program and registers its passwords as secrets. */
  declare(options: ProgramOptions, stack: Stack = this.stack): void {
    for (const { password, args } of Object.values(options.mailboxes ?? {})) {
      if (password !== "") this.secret(password);
      if (typeof args?.smtpPassword === "string") this.secret(args.smtpPassword);
    }
    stack.writeProgram(program(this.emulator, { host: this.host, ...options }));
  }

  /** Writes the program, runs `up` and clears the request log. Returns the grants' ids by resource name. */
  async given(options: ProgramOptions, stack: Stack = this.stack): Promise<Record<string, string>> {
    this.declare(options, stack);
    await stack.up();
    await this.emulator.forgetRequests();
    return this.ids(stack);
  }

  /** Runs a command that must fail, and whose output must contain each of these texts. */
  async fails(says: readonly string[], command: string, ...args: string[]): Promise<Finished> {
    return this.failsIn(this.stack, says, command, ...args);
  }

  async failsIn(stack: Stack, says: readonly string[], command: string, ...args: string[]): Promise<Finished> {
    const finished = await stack.run(command, ...args);
    expect(finished.code, finished.output).not.toBe(0);
    for (const text of says) expect(finished.output).toContain(text);
    expect(finished.output, "each error once").not.toContain("see the error of the resource");
    expect(finished.output, "no stack trace of ours").not.toMatch(/\n\s+at .*provider\/(bundle|dist)/);
    return finished;
  }

  /** Runs an `up` that must change nothing and send no request. */
  async unchanged(stack: Stack = this.stack): Promise<void> {
    await this.emulator.forgetRequests();
    await stack.up("--expect-no-changes");
    expect(await this.emulator.requests()).toEqual([]);
  }

  /** Number of logged requests of one kind, such as `POST /v3/connect/custom`. */
  async sent(method: string, path: RegExp): Promise<number> {
    const log = await this.emulator.requests();
    return log.filter((request) => request.method === method && path.test(request.path)).length;
  }

  authentications(): Promise<number> {
    return this.sent("POST", /^\/v3\/connect\/custom$/);
  }

  /** The resources in the checkpoint. */
  resources(stack: Stack = this.stack): StateResource[] {
    return stack.resources();
  }

  /** The grants that the stack manages. */
  managed(stack: Stack = this.stack): StateResource[] {
    return this.resources(stack).filter(({ type, external, id }) => {
      return Object.values(GRANT_TYPES).includes(type) && external !== true && id !== undefined && id !== "";
    });
  }

  resource(name: string, stack: Stack = this.stack): StateResource {
    return present(this.resources(stack).find(({ urn }) => urn.endsWith(`::${name}`)));
  }

  ids(stack: Stack = this.stack): Record<string, string> {
    return Object.fromEntries(this.managed(stack).map(({ urn, id }) => [urn.split("::").at(-1), id]));
  }

  /** The addresses of all grants, sorted. */
  async addresses(): Promise<string[]> {
    return (await this.emulator.grants()).map(({ email }) => email).toSorted();
  }

  /** Sends SIGKILL to the engine as soon as the condition holds, then runs `pulumi cancel` as an operator would. */
  async killWhen(what: string, condition: () => Promise<boolean>, command = "up"): Promise<void> {
    await this.#signalWhen(what, condition, command, (group) => process.kill(group, "SIGKILL"));
    removeBrokenSideFiles(this.stack.backend);
    await this.stack.run("cancel", "--yes");
  }

  /** Sends SIGINT to the engine as soon as the condition holds. */
  async interruptWhen(what: string, condition: () => Promise<boolean>, command = "up"): Promise<Finished> {
    return this.#signalWhen(what, condition, command, (group) => process.kill(group, "SIGINT"));
  }

  async #signalWhen(
    what: string,
    condition: () => Promise<boolean>,
    command: string,
    signal: (processGroup: number) => void,
  ): Promise<Finished> {
    const { child, finished } = this.stack.start(command);
    let over: Finished | undefined;
    finished.then((result) => {
      over = result;
    });
    await until(what, PATIENCE_MS, async () => {
      if (over !== undefined) throw new Error(`the engine ended before ${what}:\n${over.output}`);
      return condition();
    });
    const engine = present(child.pid);
    this.#leftBehind.push(...descendants(engine).map(({ pid }) => pid));
    signal(-engine);
    return finished;
  }

  /** Processor time that the children of killed engines have used so far, in seconds. */
  secondsOfLeftBehind(): number {
    return this.#leftBehind.reduce((sum, pid) => sum + processorSeconds(pid), 0);
  }

  /** Waits until every child of a killed engine has ended by itself. */
  async leftBehindEnd(): Promise<void> {
    expect(this.#leftBehind).not.toEqual([]);
    await until(
      "the children of the killed engine have ended",
      PATIENCE_MS,
      async () => !this.#leftBehind.some(isRunning),
    );
  }

  /** Checks what must hold after every scenario: no secret in clear, and each grant managed exactly once. */
  async check(): Promise<void> {
    await this.#checkSecrets();
    const managed = this.#stacks.flatMap(({ stack }) => this.managed(stack));
    const grants = (await Promise.all(this.#emulators.map((emulator) => emulator.grants()))).flat();
    for (const emulator of this.#emulators) {
      expect(doubles((await emulator.grants()).map(addressOf)), "addresses with two grants").toEqual([]);
    }
    expect(doubles(managed.map(({ id }) => id ?? "")), "grants that two resources manage").toEqual([]);
    const existing = grants.map(({ id }) => id);
    for (const { urn, id } of managed) expect(existing, `${urn} is in the state, so it exists`).toContain(id);
    const orphans = grants.filter(({ id, state }) => {
      return (
        state?.endsWith(":created") === true && !this.#left.has(id) && !managed.some((resource) => resource.id === id)
      );
    });
    expect(orphans, "grants that this package made and no stack manages").toEqual([]);
  }

  async #checkSecrets(): Promise<void> {
    const logs = await Promise.all(this.#emulators.map((emulator) => emulator.requests()));
    const places: [string, string][] = [
      ["the emulator's log", JSON.stringify(logs)],
      ...this.#stacks.flatMap(({ name, stack }): [string, string][] => [
        [`what the engine printed for ${name}`, stack.printed()],
        ...filesUnder(stack.backend).map((file): [string, string] => [file, readFileSync(file, "utf8")]),
      ]),
    ];
    for (const secret of this.#secrets) {
      for (const [place, text] of places) {
        // `expect` would print the text, and with it the secret.
        if (formsOf(secret).some((form) => text.includes(form))) throw new Error(`a secret is readable in ${place}`);
      }
    }
  }

  #keepsSecretsOf(emulator: TestEmulator): void {
    this.#emulators.push(emulator);
    this.secret(emulator.emulator.apiKey);
    for (const { password } of emulator.users) this.secret(password);
  }
}

/** Processor time of a process, in seconds; 0 on systems without /proc. */
function processorSeconds(pid: number): number {
  const fields = statOf(pid);
  // User and system time.
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function isRunning(pid: number): boolean {
  // An ended process that nobody has waited for still has its number.
  return isAlive(pid) && statOf(pid)?.[0] !== "Z";
}

/** The fields of `/proc/<pid>/stat` after the process's name; `undefined` if there is no such file. */
function statOf(pid: number): string[] | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  // The name stands in brackets and may itself contain blanks.
  return readFileSync(file, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
}

function addressOf({ email }: WireGrant): string {
  return email.toLowerCase();
}

function doubles(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

function formsOf(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ "": secret }).toString().slice(1),
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
  ];
}

function filesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
