import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { connectorLifecycle } from "../../provider/src/core/connector/lifecycle.js";
import { grantLifecycle } from "../../provider/src/core/grant/lifecycle.js";
import { hasOtherOwner, isSuccessor, parseMarker } from "../../provider/src/core/ownership/marker.js";
import { runFor } from "../../provider/src/core/session.js";
import { providerMethods } from "../../provider/src/hosts/dynamic/adapter.js";
import { nodeProcess } from "../../provider/src/hosts/node-process.js";
import { readSettings } from "../../provider/src/settings.js";
import type { Answers } from "../../tools/harness/open-questions.js";
import { TestEmulator, type WireGrant } from "../../tools/harness/test-emulator.js";
import { type Gate, startGate } from "../support/gate.js";
import { type KillProxy, type ProxiedRequest, startKillProxy, type Verdict } from "../support/kill-proxy.js";
import type { HostName } from "../support/programs.js";
import {
  type Declared,
  type Kind,
  type Operation,
  type ProviderProcess,
  type Saved,
  StackModel,
} from "./engine-model.js";
import { nativeMethods } from "./native-methods.js";
import { ADDRESSES, addressOf, Declarations, passwordOf, STACKS, type StackName } from "./program.js";

/** Where a run is killed. */
export interface Kill {
  /** Number of the request within the run, from 1. A run with fewer requests is not killed. */
  request: number;
  when: "before" | "after";
  /** The engine only, so that its provider finishes its current call, or all processes. */
  what: "engine" | "everything";
}

/** A rule for the emulator's faults. */
export type Fault = Readonly<Record<string, unknown>>;

/** Sets the provider's clock at a request of the run. */
export interface ClockJump {
  request: number;
  ms: number;
}

export interface UpOptions {
  kill?: Kill;
  /** Number of the request, from 1, at which somebody deletes the oldest grant, so that the pages of the list shift. */
  shiftAt?: number;
  jump?: ClockJump;
  fault?: Fault;
  /** Whether the IMAP server is away while it runs. */
  isAway?: boolean;
  replace?: readonly string[];
  /** Whether it goes on after a failure. */
  continues?: boolean;
  /** Whether a killed run is not repeated at once. */
  isLeft?: boolean;
  /** Whether nothing fails by chance. */
  isCalm?: boolean;
}

/** The requests of a provider process, and whether it is alive. */
interface Sent {
  requests: ProxiedRequest[];
  killed: AbortController;
  kill: Kill | undefined;
  jump: ClockJump | undefined;
  /** What happens at a request, from 1. */
  meanwhile: { request: number; act: () => Promise<void> } | undefined;
  /** What has happened at requests. */
  happened: Promise<void>[];
  clock: { ms: number };
  /** Its requests are no longer performed. */
  dead: boolean;
}

/** Totals of all simulations in this process, for the summary line. */
export const seen = { ups: 0, failed: 0, killed: 0, machines: 0, requests: 0 };

const TRANSIENT = ["rate_limited", "nylas_unavailable"];
/** What an authentication, or a look into the mailbox, ends with while the IMAP server is away. */
const AWAY = ["provider_not_responding", "nylas_unavailable"];
/** Nylas on a bad day answers slowly, in milliseconds, and now and then not at all, or that its limit is reached. */
const ROUGH_LATENCY = 3;
const NOW_AND_THEN: readonly Fault[] = [
  { path: "/v3/*", status: 503, retryAfter: 0, probability: 0.04 },
  { path: "/v3/*", status: 429, retryAfter: 1, probability: 0.02 },
];
/** Seconds after which the absence of a grant is believed. */
const LONG_SECONDS = 600;
/** Seconds that pass between two operations where Nylas shows grants late: more than its servers' clocks may differ. */
const STEP_SECONDS = 30;
/** How often somebody tries to delete a grant: more often than a fault of a run is met. */
const ATTEMPTS_BY_HAND = 20;
/** Grants of nobody's, which are older than most others. */
const BYSTANDERS = ["bystander0@example.test", "bystander1@example.test"];
const BYSTANDER_PASSWORD = "of a bystander";

/** The two stacks, their provider processes and one Nylas application; checks the contract's rules after every step. */
export class Simulation {
  readonly stacks: Readonly<Record<StackName, StackModel>> = { a: new StackModel(), b: new StackModel() };
  /** Grants that a state may contain although they are deleted: outside, or by a failed run. */
  readonly #gone: Readonly<Record<StackName, Set<string>>> = { a: new Set(), b: new Set() };
  /** Grants that a run created but could not save. They may stay unmanaged if the program changes before the next run. */
  readonly #unsaved = new Set<string>();
  /** Owner digests of all resources that a stack has ever declared. */
  readonly #owners: Readonly<Record<StackName, Set<string>>> = { a: new Set(), b: new Set() };
  readonly #sent: Map<string, Sent>;
  /** Printed lines, which must contain no secret. */
  readonly #notices: string[] = [];
  readonly #secrets = new Set<string>();
  /** Whether `b` has had a copy of the state of `a`. */
  #isCopied = false;
  /** Those of the latest `up`, for the stacks' names. */
  #declarations: Declarations;
  /** How much the emulator's clock is ahead. */
  #aheadSeconds = 0;

  private constructor(
    readonly emulator: TestEmulator,
    /** To the emulator's IMAP server. */
    readonly gate: Gate,
    readonly proxy: KillProxy,
    readonly home: string,
    sent: Map<string, Sent>,
    /** For how long Nylas does not show a new grant. */
    readonly lagSeconds: number,
    readonly host: HostName,
    readonly isRough: boolean,
  ) {
    this.#declarations = new Declarations(host);
    this.#sent = sent;
    this.#secrets.add(emulator.emulator.apiKey);
  }

  static async start(host: HostName, answers: Answers = {}, isRough = false): Promise<Simulation> {
    const users = Array.from({ length: ADDRESSES }, (_, address) => ({
      username: addressOf(address),
      password: passwordOf(address, 0),
    }));
    for (const username of BYSTANDERS) users.push({ username, password: BYSTANDER_PASSWORD });
    const latency = isRough ? ROUGH_LATENCY : 0;
    const emulator = await TestEmulator.start({ users, latency, behavior: answers });
    const sent = new Map<string, Sent>();
    const proxy = await startKillProxy(emulator.emulator.apiUri, {
      before: (request) => arrive(sent.get(request.process), request),
      after: (request) => answer(sent.get(request.process), request),
    });
    return new Simulation(
      emulator,
      await startGate(emulator.imap.port),
      proxy,
      mkdtempSync(join(tmpdir(), "nylas-walk-")),
      sent,
      Number(answers.newGrantLagSeconds ?? 0),
      host,
      isRough,
    );
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.gate.close();
    await this.emulator.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Records a line that the provider prints. */
  notice(line: string): void {
    this.#notices.push(line);
  }

  async up(declarations: Declarations, stack: StackName, options: UpOptions = {}): Promise<Operation> {
    const { kill, jump, fault, isAway = false, shiftAt, replace = [], continues = false, isLeft = false } = options;
    this.#declarations = declarations;
    const program = declarations.program(stack, this.#endpoints);
    const before = await this.#lookLater(stack);
    const troubles = [
      ...this.#mayFail(declarations, stack, before, fault),
      ...(isAway ? AWAY : []),
      // What has left the program is kept after another resource's error.
      ...(continues ? ["grant_exists", "connector_exists"] : []),
    ];
    const mayVanish = this.#mayVanish(stack, program, replace, before.grants);
    const mayChange = idsOf(before.grants.filter((grant) => this.#mayChange(declarations, stack, grant)));
    const faults = [...(fault === undefined ? [] : [fault]), ...(this.isRough && !options.isCalm ? NOW_AND_THEN : [])];
    if (faults.length > 0) await this.emulator.faults(...faults);
    if (isAway) this.gate.shut();
    // A grant that Nylas does not show yet cannot be deleted either.
    const bystander = before.grants.find((grant) => BYSTANDERS.includes(grant.email) && !this.#isHidden(grant));
    if (bystander !== undefined) mayVanish.add(bystander.id);
    const shift = async () => {
      if (bystander !== undefined) await this.#deleteByHand(bystander.id);
    };
    const { process, sent } = await this.#process(stack, kill, jump);
    if (shiftAt !== undefined) sent.meanwhile = { request: shiftAt, act: shift };
    const operation = await this.stacks[stack].up(process, program, replace, continues);
    await this.#ended(process);
    await Promise.all(sent.happened);
    this.gate.open();
    seen.ups += 1;
    seen.failed += operation.errors.length > 0 ? 1 : 0;
    seen.killed += operation.killed ? 1 : 0;
    seen.requests += sent.requests.length;

    const after = await this.#look();
    this.#expectNoSecret(declarations, operation);
    this.#expectErrors(operation, [...troubles, ...refusedReplacements(program, replace)]);
    this.#expectWrongPasswordsOnce(sent);
    this.#expectKept(stack, operation, before.grants, after.grants, mayVanish, mayChange);
    this.#expectStates(after.grants);
    this.#expectNoOrphan(stack, program, operation, after.grants);
    if (succeeded(operation)) {
      this.#expectManaged(declarations, stack, after.grants);
      await this.#expectNoChange(stack, program);
    }
    if (operation.killed && !isLeft) return this.up(declarations, stack, { replace });
    return operation;
  }

  /** Gives `b` a copy of the state and the program of `a`, if its destroy empties it. */
  async copy(declarations: Declarations): Promise<boolean> {
    await this.destroy("b");
    if (this.stacks.b.state.size > 0) return false;
    this.stacks.b.import(this.stacks.a);
    declarations.copyProgram();
    for (const id of this.#gone.a) this.#gone.b.add(id);
    this.#isCopied = true;
    return true;
  }

  /** `state move` of a grant; false if the source does not have it, or the destination has one of its name. */
  move(name: string, from: StackName, to: StackName): boolean {
    if (!this.stacks[from].state.has(name) || this.stacks[to].state.has(name)) return false;
    this.stacks[to].moveFrom(this.stacks[from], name);
    for (const id of this.#gone[from]) this.#gone[to].add(id);
    return true;
  }

  /** The next runs are on another machine, without notes. Only while no run is cut off: then notes must not matter. */
  async changeMachine(): Promise<void> {
    const { grants, connector } = await this.#look();
    const saved = STACKS.flatMap((stack) => this.#grantsOf(stack));
    const isUnsaved = ({ id, state }: WireGrant) => {
      const marker = parseMarker(state);
      if (marker === undefined || marker.adopted) return false;
      return !saved.some((other) => other.id === id && nonceIn(other) === marker.nonce);
    };
    const isGone = ({ id }: Saved) => !grants.some((grant) => grant.id === id);
    const hasConnector = ({ state }: StackModel) => [...state.values()].some(({ kind }) => kind === "connector");
    if (grants.some(isUnsaved) || saved.some(isGone)) return;
    if (connector !== Object.values(this.stacks).some(hasConnector)) return;
    rmSync(join(this.home, "nylas-imap", "unsaved"), { recursive: true, force: true });
    seen.machines += 1;
  }

  async refresh(stack: StackName): Promise<Operation> {
    await this.#lookLater(stack);
    const { process, sent } = await this.#process(stack);
    const operation = await this.stacks[stack].refresh(process);
    const { grants } = await this.#look();
    this.#expectNoSecret(undefined, operation);
    expect(operation.errors).toEqual([]);
    expect(sent.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    const ids = grants.map(({ id }) => id);
    for (const saved of this.#grantsOf(stack)) expect(ids, `after refresh: ${saved.name}`).toContain(saved.id);
    return operation;
  }

  async destroy(stack: StackName, kill?: Kill): Promise<Operation> {
    // Nothing could tell that a grant which Nylas does not show yet hangs on the connector.
    if (this.lagSeconds > 0) await this.#passTime(LONG_SECONDS);
    const before = await this.#lookLater(stack);
    const unclear = this.#grantsOf(stack).some((saved) => isUnclear(saved, before.grants));
    const mayVanish = this.#mayVanish(stack, [], [], before.grants);
    const { process } = await this.#process(stack, kill);
    const operation = await this.stacks[stack].destroy(process);
    await this.#ended(process);
    const after = await this.#look();
    this.#expectNoSecret(undefined, operation);
    this.#expectErrors(operation, [
      ...(after.grants.length > 0 ? ["connector_in_use"] : []),
      ...(unclear ? ["grant_exists"] : []),
      // A copy's stack may have been cut off while it took the connector.
      ...(unclear || this.#isCopied ? ["connector_exists"] : []),
    ]);
    this.#expectKept(stack, operation, before.grants, after.grants, mayVanish, new Set());
    this.#expectStates(after.grants);
    if (succeeded(operation)) expect([...this.stacks[stack].state.keys()]).toEqual([]);
    return operation.killed ? this.destroy(stack) : operation;
  }

  /** Repairs all passwords and removes conflicting declarations. Then `up` must succeed, and `destroy` must delete everything. */
  async heal(declarations: Declarations): Promise<void> {
    const doubled = (mailbox: { stack: StackName; address: number }) =>
      mailbox.stack === "b" && declarations.declares("a", mailbox.address);
    declarations.mailboxes = declarations.mailboxes.filter((mailbox) => !doubled(mailbox));
    for (const mailbox of declarations.mailboxes) {
      mailbox.password = declarations.password(mailbox.address);
      mailbox.onExisting = "adopt";
      // The native host refuses any change of such a mailbox.
      mailbox.replaceOnChanges = false;
    }
    await this.#passTime(LONG_SECONDS);
    for (const { id, email } of (await this.#look()).grants) {
      if (BYSTANDERS.includes(email)) await this.emulator.call("DELETE", `/v3/grants/${id}`);
    }
    for (const stack of declarations.connectors.keys()) declarations.connectors.set(stack, "adopt");
    this.#dropCopies();
    for (const stack of STACKS) await this.refresh(stack);
    const { grants } = await this.#look();
    const all = declarations.mailboxes;
    // If another resource has adopted a grant, the old resource must be removed first, as the error says.
    const lost = STACKS.flatMap((stack) =>
      this.#grantsOf(stack).flatMap((saved) => {
        const grant = grants.find(({ id }) => id === saved.id);
        return grant !== undefined && !this.#hasItself(saved, grant) ? [`${stack} ${saved.name}`] : [];
      }),
    );
    const isLost = ({ stack, name, aliases }: (typeof all)[number]) =>
      [name, ...aliases].some((candidate) => lost.includes(`${stack} ${candidate}`));
    declarations.mailboxes = all.filter((mailbox) => !isLost(mailbox));
    const calm = async (stack: StackName) => {
      expect((await this.up(declarations, stack, { isCalm: true })).errors).toEqual([]);
    };
    for (const stack of STACKS) await calm(stack);
    declarations.mailboxes = all;
    for (const stack of STACKS) await calm(stack);

    const healed = await this.#look();
    const declared = all.map(({ address }) => addressOf(address)).sort();
    const usable = healed.grants.filter(({ grant_status }) => grant_status === "valid").map(({ email }) => email);
    expect(usable).toEqual(expect.arrayContaining(declared));
    for (const stack of ["b", "a"] as const) await this.destroy(stack);
  }

  /** Removes from `b` what nothing tells from a resource of `a`, whose state it got, as `pulumi state delete` does. */
  #dropCopies(): void {
    const nonces = this.#grantsOf("a").map(nonceIn);
    for (const saved of this.#grantsOf("b")) {
      if (nonceIn(saved) !== undefined && nonces.includes(nonceIn(saved))) this.stacks.b.state.delete(saved.name);
    }
  }

  async rotate(address: number, password: string): Promise<void> {
    await this.emulator.setPassword(addressOf(address), password);
  }

  async deleteOutside(address: number): Promise<void> {
    const grant = await this.#grantOf(address);
    if (grant === undefined) return;
    if (this.#isHidden(grant)) await this.#passTime(LONG_SECONDS);
    await this.emulator.call("DELETE", `/v3/grants/${grant.id}`);
    for (const stack of STACKS) this.#gone[stack].add(grant.id);
  }

  /** Somebody tries again until the grant is gone: what Nylas refuses the run, it refuses everybody. */
  async #deleteByHand(id: string): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_BY_HAND; attempt++) {
      await this.emulator.call("DELETE", `/v3/grants/${id}`).catch(() => undefined);
      if (!(await this.emulator.allGrants()).some((grant) => grant.id === id)) return;
    }
    throw new Error(`The grant ${id} could not be deleted by hand.`);
  }

  async expire(address: number): Promise<void> {
    const grant = await this.#grantOf(address);
    if (grant !== undefined) await this.emulator.setStatus(grant.id, "invalid");
  }

  /** Creates a grant without this package, if the mailbox has none. */
  foreign(address: number, password: string): Promise<void> {
    return this.#createGrant(addressOf(address), password);
  }

  async bystanders(): Promise<void> {
    for (const username of BYSTANDERS) await this.#createGrant(username, BYSTANDER_PASSWORD);
  }

  async #createGrant(username: string, password: string): Promise<void> {
    const { grants, connector } = await this.#look();
    if (!connector || grants.some(({ email }) => email === username)) return;
    const settings = {
      imap_username: username,
      imap_password: password,
      imap_host: this.emulator.imap.host,
      imap_port: this.emulator.imap.port,
    };
    await this.emulator.call("POST", "/v3/connect/custom", { provider: "imap", settings, state: "made by hand" });
  }

  get #endpoints() {
    return { imapPort: this.gate.port, smtpPort: this.emulator.smtp.port };
  }

  #grantsOf(stack: StackName): Saved[] {
    return [...this.stacks[stack].state.values()].filter(
      (saved) => saved.kind === "grant" && !saved.pendingReplacement,
    );
  }

  /** Whether the marker is the saved resource's, or its next one after a rename that was cut off before it could be saved. */
  #hasItself(saved: Saved, grant: WireGrant): boolean {
    const [inState, atNylas] = [parseMarker(markerIn(saved)), parseMarker(grant.state)];
    if (!hasOtherOwner(atNylas, inState)) return true;
    // If a state has the next marker, that one is the resource's of another stack, which has a copy of the state.
    const isSaved = STACKS.some((stack) => this.#grantsOf(stack).some((other) => markerIn(other) === grant.state));
    return isSuccessor(atNylas, inState) && !isSaved;
  }

  /** Whether a state contains the grant with its current marker. */
  #isHeld(grant: WireGrant): boolean {
    return STACKS.some((stack) =>
      this.#grantsOf(stack).some((saved) => saved.id === grant.id && this.#hasItself(saved, grant)),
    );
  }

  async #grantOf(address: number): Promise<WireGrant | undefined> {
    return (await this.emulator.allGrants()).find(({ email }) => email === addressOf(address));
  }

  async #passTime(seconds: number): Promise<void> {
    this.#aheadSeconds += seconds;
    await this.emulator.putClockAhead(this.#aheadSeconds);
  }

  /** Looks at Nylas at a time when it shows which of the stack's grants are gone. */
  async #lookLater(stack: StackName): Promise<Look> {
    const look = await this.#look();
    const isGone = ({ id }: Saved) => !look.grants.some((grant) => grant.id === id);
    if (this.#grantsOf(stack).some(isGone)) await this.#passTime(LONG_SECONDS);
    else if (this.lagSeconds > 0) await this.#passTime(STEP_SECONDS);
    return look;
  }

  /** Whether Nylas may not show the grant yet. */
  #isHidden({ created_at }: WireGrant): boolean {
    if (this.lagSeconds === 0) return false;
    return created_at + this.lagSeconds > Date.now() / 1_000 + this.#aheadSeconds - STEP_SECONDS;
  }

  async #look(): Promise<{ grants: WireGrant[]; connector: boolean }> {
    await this.emulator.call("DELETE", "/_emulator/faults");
    const grants = await this.emulator.allGrants();
    const emails = grants.map(({ email }) => email);
    expect(emails, "one grant per address").toEqual([...new Set(emails)]);
    return { grants, connector: (await this.emulator.connectors()).length > 0 };
  }

  /** Creates a provider process without cached data. Its unique URI gives it settings, and so a run, of its own. */
  async #process(stack: StackName, kill?: Kill, jump?: ClockJump): Promise<{ process: ProviderProcess; sent: Sent }> {
    const name = `p${this.#sent.size + 1}`;
    const clock = { ms: 0 };
    const sent: Sent = {
      ...{ requests: [], killed: new AbortController(), kill, jump, clock, dead: false },
      ...{ meanwhile: undefined, happened: [] },
    };
    this.#sent.set(name, sent);
    const settings: Record<string, string> = {
      apiKey: this.emulator.emulator.apiKey,
      apiUri: `${this.proxy.uri}/${name}`,
      requestsPerSecond: "1000",
    };
    const host = nodeProcess((key) => settings[key.replace("nylas:", "")]);
    const dynamic = {
      connector: providerMethods(connectorLifecycle, host),
      grant: providerMethods(grantLifecycle, host),
    };
    const methods =
      this.host === "native"
        ? await nativeMethods(settings, () => this.#declarations.label(stack))
        : ({ kind }: { kind: Kind }) => dynamic[kind];
    const end = () => runFor(readSettings("nylas", host.config, host.env), host).unsaved.removeReturned();
    return { process: { host: this.host, methods, killed: sent.killed.signal, end, clock, calls: [] }, sent };
  }

  /** Waits for the calls of the process, including those that outlive a killed engine. */
  async #ended(process: ProviderProcess): Promise<void> {
    await Promise.allSettled(process.calls);
  }

  /** The error codes that this `up` may end with. */
  #mayFail(declarations: Declarations, stack: StackName, before: Look, fault: Fault | undefined): string[] {
    const declared = declarations.of(stack);
    const mistyped = declared.some(({ address, password }) => password !== declarations.password(address));
    const foreign = declared.some(({ name, address }) => {
      const grant = before.grants.find(({ email }) => email === addressOf(address));
      const marker = parseMarker(grant?.state);
      // An adopted grant stays at destroy without an owner, and must be adopted again.
      if (grant === undefined) return false;
      const own = marker?.adopted === false && marker.owner === declarations.owner(stack, "grant", name);
      return !own || this.#isHeld(grant);
    });
    const gone = this.#grantsOf(stack).some(({ id }) => this.#gone[stack].has(id));
    const late = before.grants.some((grant) => this.#isHidden(grant));
    return [
      ...(mistyped ? ["invalid_credentials", "auth_limit_reached"] : []),
      ...(foreign ? ["grant_exists"] : []),
      ...(gone ? ["not_found"] : []),
      ...(late ? ["nylas_unavailable"] : []),
      ...(fault?.body === undefined ? [] : ["unexpected_response"]),
      ...(this.#grantsOf(stack).some((saved) => isUnclear(saved, before.grants)) ? ["grant_exists"] : []),
      ...(this.#isCopied ? ["connector_exists"] : []),
      ...((stack === "b" || this.#isCopied) && !before.connector ? ["connector_missing"] : []),
      ...(declared.some(({ replaceOnChanges }) => replaceOnChanges) ? ["invalid_input"] : []),
      ...(fault === undefined && !this.isRough ? [] : TRANSIENT),
      ...(fault?.status === 401 ? ["invalid_credentials"] : []),
    ];
  }

  /** Grants that this operation may delete: those of resources that go or are replaced, and that are theirs to delete. */
  #mayVanish(
    stack: StackName,
    program: readonly Declared[],
    replace: readonly string[],
    grants: readonly WireGrant[],
  ): Set<string> {
    const { replaced } = this.stacks[stack];
    const going = [...this.#grantsOf(stack), ...replaced].filter((saved) => {
      const declared = program.find(({ name, aliases }) => [name, ...aliases].includes(saved.name));
      const adopted = saved.outputs.adopted === true && saved.outputs.deleteAdopted !== true;
      const grant = grants.find(({ id }) => id === saved.id);
      // A run without a program does not know its stack's name.
      if (program.length === 0 && isUnclear(saved, grants)) return false;
      if (adopted || grant === undefined || !this.#hasItself(saved, grant)) return false;
      if (replaced.includes(saved)) return true;
      if (declared !== undefined) {
        return replace.includes(declared.name) || declared.args.imapUsername !== saved.outputs.imapUsername;
      }
      // The new name takes the grant before the old resource is deleted, or fails, and then the old one stays.
      const taker = program.find(({ args }) => args.imapUsername === grant.email);
      return taker === undefined || this.stacks[stack].state.has(taker.name);
    });
    return idsOf(going);
  }

  /** Whether this stack may change the grant: it owns it, may adopt it, or created it without saving it. */
  #mayChange(declarations: Declarations, stack: StackName, grant: WireGrant): boolean {
    const held = this.#grantsOf(stack).some((saved) => saved.id === grant.id && this.#hasItself(saved, grant));
    const marker = parseMarker(grant.state);
    // A creation authenticates a grant that Nylas does not show.
    const hidden = this.#isHidden(grant);
    const declared = declarations.of(stack).some(({ name, address, onExisting }) => {
      // A grant in a state does not come from an interrupted run, whatever the stacks' names are.
      const own =
        marker?.adopted === false && marker.owner === declarations.owner(stack, "grant", name) && !this.#isHeld(grant);
      return addressOf(address) === grant.email && (onExisting === "adopt" || own || hidden);
    });
    return held || declared;
  }

  #expectNoSecret(declarations: Declarations | undefined, { errors, steps }: Operation): void {
    for (const { password } of declarations?.mailboxes ?? []) this.#secrets.add(password);
    for (const password of declarations?.passwords ?? []) this.#secrets.add(password);
    const printed = [...errors, ...steps, ...this.#notices.splice(0)].join("\n");
    for (const secret of this.#secrets) {
      const forms = [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret),
        Buffer.from(secret).toString("base64"),
      ];
      expect(forms.filter((form) => printed.includes(form))).toEqual([]);
    }
  }

  #expectErrors({ errors }: Operation, allowed: readonly string[]): void {
    for (const error of errors) {
      const code = error.match(/\(([a-z_]+)\)$/m)?.[1];
      expect(allowed, `an error that nothing explains: ${error}`).toContain(code);
    }
  }

  #expectWrongPasswordsOnce({ requests }: Sent): void {
    const refused = requests.filter(({ path, status }) => path === "/v3/connect/custom" && status === 400);
    const bodies = refused.map(({ body }) => JSON.stringify(JSON.parse(body).settings));
    expect(bodies, "a wrong password is sent once").toEqual([...new Set(bodies)]);
  }

  /** Expects all grants unchanged, except those that this operation may change or delete. */
  #expectKept(
    stack: StackName,
    operation: Operation,
    before: readonly WireGrant[],
    after: readonly WireGrant[],
    mayVanish: ReadonlySet<string>,
    mayChange: ReadonlySet<string>,
  ): void {
    for (const grant of before) {
      const left = after.find(({ id }) => id === grant.id);
      if (!mayChange.has(grant.id) && !mayVanish.has(grant.id))
        expect(left, `grant of ${grant.email} is not this stack's`).toEqual(grant);
      if (left !== undefined) continue;
      expect([...mayVanish], `grant of ${grant.email} is gone: ${operation.steps.join(", ")}`).toContain(grant.id);
      for (const other of STACKS) if (other !== stack || !succeeded(operation)) this.#gone[other].add(grant.id);
    }
  }

  /** Expects each grant of the states to exist and to be managed once. */
  #expectStates(grants: readonly WireGrant[]): void {
    const owners = new Map<string, string | undefined>();
    for (const stack of STACKS) {
      for (const saved of this.#grantsOf(stack)) {
        const there = grants.some(({ id }) => id === saved.id) || this.#gone[stack].has(saved.id);
        expect(there, `stack ${stack} has a grant for ${saved.name} that does not exist`).toBe(true);
        // If another resource has adopted the grant, the old resource stays in the state until the stack's next `up`.
        const grant = grants.find(({ id }) => id === saved.id);
        if (saved.outputs.adopted === true || grant === undefined || !this.#hasItself(saved, grant)) continue;
        // Two states have one owner until the stack with the copy is brought up, and still if it bears the name in the marker.
        const isCopy = this.#isCopied && owners.get(saved.id) === nonceIn(saved);
        expect(owners.has(saved.id) && !isCopy, `${saved.id} is managed twice`).toBe(false);
        owners.set(saved.id, nonceIn(saved));
      }
    }
  }

  /** After a successful `up`: expects a grant for each declared mailbox, and a resource for each grant of this stack. */
  #expectManaged(declarations: Declarations, stack: StackName, grants: readonly WireGrant[]): void {
    const { state } = this.stacks[stack];
    const ids = this.#grantsOf(stack).map(({ id }) => id);
    expect(ids, "each grant once in the stack").toEqual([...new Set(ids)]);
    for (const { name, address } of declarations.of(stack)) {
      const saved = state.get(name);
      if (saved !== undefined && this.#gone[stack].has(saved.id)) continue;
      expect(saved?.id, name).toBe(grants.find(({ email }) => email === addressOf(address))?.id);
    }
    expect(this.#grantsOf(stack)).toHaveLength(declarations.of(stack).length);
  }

  /** Expects each grant that a stack has created in its state, unless the run could not save it. */
  #expectNoOrphan(
    stack: StackName,
    program: readonly Declared[],
    operation: Operation,
    grants: readonly WireGrant[],
  ): void {
    for (const { args } of program) this.#owners[stack].add(String(args.owner));
    for (const grant of grants) {
      const { id, email, state } = grant;
      const marker = parseMarker(state);
      if (marker === undefined || marker.adopted || !this.#owners[stack].has(marker.owner) || this.#isHeld(grant))
        continue;
      if (!succeeded(operation)) this.#unsaved.add(id);
      expect([...this.#unsaved], `the grant of ${email} is an orphan`).toContain(id);
    }
  }

  async #expectNoChange(stack: StackName, program: readonly Declared[]): Promise<void> {
    const { process, sent } = await this.#process(stack);
    const again = await this.stacks[stack].up(process, program);
    expect({ ...again, requests: sent.requests }).toEqual({ errors: [], steps: [], killed: false, requests: [] });
  }
}

interface Look {
  grants: WireGrant[];
  connector: boolean;
}

/** What a forced replacement that creates first meets: the object that it is to replace. */
function refusedReplacements(program: readonly Declared[], replace: readonly string[]): string[] {
  return program.some(({ name, createsFirst }) => createsFirst && replace.includes(name)) ? ["grant_exists"] : [];
}

function succeeded({ errors, killed }: Operation): boolean {
  return errors.length === 0 && !killed;
}

function idsOf(objects: readonly { id: string }[]): Set<string> {
  return new Set(objects.map(({ id }) => id));
}

function markerIn({ outputs }: Saved): string | undefined {
  return typeof outputs.marker === "string" ? outputs.marker : undefined;
}

/** What tells one resource's marker from another's. */
function nonceIn(saved: Saved): string | undefined {
  return parseMarker(markerIn(saved))?.nonce;
}

/** A rename of the stack was interrupted before it could be saved: a destroy cannot tell it from a copy of the state. */
function isUnclear(saved: Saved, grants: readonly WireGrant[]): boolean {
  const inState = parseMarker(markerIn(saved));
  const atNylas = parseMarker(grants.find(({ id }) => id === saved.id)?.state);
  return isSuccessor(atNylas, inState) && atNylas?.stack !== inState?.stack;
}

function arrive(sent: Sent | undefined, request: ProxiedRequest): Verdict {
  if (sent === undefined || sent.dead) return "refuse";
  sent.requests.push(request);
  if (sent.requests.length === sent.jump?.request) sent.clock.ms += sent.jump.ms;
  if (sent.requests.length === sent.meanwhile?.request) sent.happened.push(sent.meanwhile.act());
  return end(sent, request, "before");
}

function answer(sent: Sent | undefined, request: ProxiedRequest): Verdict {
  if (sent === undefined || sent.dead) return "refuse";
  return end(sent, request, "after");
}

/** Kills the run if this is the request for it. */
function end(sent: Sent, request: ProxiedRequest, when: Kill["when"]): Verdict {
  const { kill } = sent;
  if (kill?.when !== when || sent.requests[kill.request - 1] !== request) return "pass";
  sent.killed.abort();
  sent.dead = kill.what === "everything";
  return sent.dead ? "refuse" : "pass";
}
