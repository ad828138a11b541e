import { setMaxListeners } from "node:events";
import type { Values } from "../../provider/src/core/properties/values.js";
import type { ProviderMethods } from "../../provider/src/hosts/dynamic/adapter.js";
import type { HostName } from "../support/programs.js";
import { onClock } from "./odd-clock.js";

/**
 * A model of Pulumi's engine: which provider methods it calls, in which order, with which arguments, and which results it saves.
 * engine.test.ts runs similar steps on the real engine.
 */

export type Kind = "connector" | "grant";

/** A resource as a program declares it. */
export interface Declared {
  kind: Kind;
  name: string;
  args: Values;
  /** Former names, as the option `aliases` gives them. */
  aliases: readonly string[];
  /** Whether it has `replaceOnChanges: ["*"]`, which replaces it after a failed initialization. */
  replaceOnChanges: boolean;
  /** Whether a forced replacement creates first: a program of the native host has to ask for the other order. */
  createsFirst: boolean;
}

/** A resource in the state. */
export interface Saved {
  kind: Kind;
  name: string;
  id: string;
  inputs: Values;
  outputs: Values;
  /** Its initialization failed, so the next `up` updates it even without a change. */
  initFailed: boolean;
  /** Deleted for a replacement that was not created yet: the next `up` only creates it. */
  pendingReplacement: boolean;
}

/** The provider's methods for one resource. A plugin is also told the inputs that a read resource has in the state. */
export interface Methods extends Omit<ProviderMethods, "read"> {
  read(id: string, props: Values, inputs: Values): ReturnType<ProviderMethods["read"]>;
}

/** One provider process. */
export interface ProviderProcess {
  host: HostName;
  methods(resource: { kind: Kind; name: string }): Methods;
  /** Aborted when the engine is killed. The results of earlier calls are then lost. */
  killed: AbortSignal;
  /** Stops the process as the engine does after a completed operation, with SIGINT. */
  end(): void;
  /** Offset of its clock from the real time, in milliseconds. */
  clock: { ms: number };
  /** All calls so far. Some may still run after their engine was killed. */
  calls: Promise<unknown>[];
}

export interface Operation {
  /** Error messages as the engine prints them. Empty after a success. */
  errors: string[];
  /** Completed steps, such as `create mailbox`. */
  steps: string[];
  killed: boolean;
}

class Killed extends Error {}

/** The property from which Pulumi's host of dynamic providers loads the provider. It is stored with every resource. */
const STORED_CODE: Readonly<Record<HostName, Values>> = { dynamic: { __provider: "the text of a thunk" }, native: {} };

/** What marks a secret in Pulumi's wire format. Pulumi's host says that it takes no secrets, so the engine unwraps them. */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

function unwrapped(values: Values | undefined): Values {
  const isSecret = (value: unknown): value is { value: unknown } =>
    typeof value === "object" && value !== null && SECRET_SIGNATURE in value;
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, isSecret(value) ? value.value : value]),
  );
}

/** Properties of a rejected call's error besides its message. */
interface Rejection {
  message: string;
  id?: string;
  properties?: Values;
  reasons?: readonly string[];
}

/** A stack's state and operations. Every step is saved, so a kill loses only running steps. */
export class StackModel {
  readonly state = new Map<string, Saved>();
  #replaced: Saved[] = [];

  /** Replaced resources that are yet to be deleted, by the next run if theirs has failed. */
  get replaced(): readonly Saved[] {
    return this.#replaced;
  }

  /** `replace`: names given to `--replace`. `continues`: with `--continue-on-error`, and a program that does not fail itself. */
  up(
    process: ProviderProcess,
    program: readonly Declared[],
    replace: readonly string[] = [],
    continues = false,
  ): Promise<Operation> {
    return operate(process, async (run) => {
      const kept = new Set<string>();
      for (const kind of ["connector", "grant"] as const) {
        const steps: Promise<void>[] = [];
        const isWithoutConnector = run.errors > 0;
        for (const declared of program.filter((one) => one.kind === kind)) {
          // After a failure, the engine starts no further step, unless it is to continue.
          if (run.killed || (run.errors > 0 && !continues)) break;
          kept.add(declared.name);
          const step = await run.step(() => this.#plan(run, declared, replace.includes(declared.name)));
          // A resource that depends on the failed one is planned, and then skipped.
          if (step !== undefined && !isWithoutConnector) steps.push(run.step(step));
        }
        await Promise.all(steps);
      }
      if (run.killed || (run.errors > 0 && !continues)) return;
      const gone = [...this.state.values()].filter(({ name }) => !kept.has(name));
      await this.#deleteAll(run, [...gone, ...this.#replaced]);
    });
  }

  /** `stack export` of another stack, with this stack's name in it, and `stack import`. */
  import(other: StackModel): void {
    this.state.clear();
    for (const saved of other.state.values()) this.#save(saved);
    this.#replaced = [...other.#replaced];
  }

  /** `state move` of one resource from another stack. */
  moveFrom(other: StackModel, name: string): void {
    const saved = other.state.get(name);
    if (saved === undefined) return;
    this.#save(saved);
    other.state.delete(name);
  }

  refresh(process: ProviderProcess): Promise<Operation> {
    return operate(process, async (run) => {
      const reads = [...this.state.values()].map((saved) => run.step(() => this.#read(run, saved)));
      await Promise.all(reads);
    });
  }

  destroy(process: ProviderProcess): Promise<Operation> {
    return operate(process, (run) => this.#deleteAll(run, [...this.state.values(), ...this.#replaced]));
  }

  /** Plans one resource. The returned step may run in parallel with others. */
  async #plan(run: Run, declared: Declared, replace: boolean): Promise<(() => Promise<void>) | undefined> {
    const old = this.#old(declared);
    const methods = run.methods(declared);
    const olds = old === undefined || old.pendingReplacement || replace ? {} : old.inputs;
    const checked = await run.call(() => methods.check(olds, declared.args));
    const { failures = [] } = checked;
    const inputs = { ...unwrapped(checked.inputs), ...run.code };
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
    if (old === undefined || old.pendingReplacement) return () => this.#create(run, declared, inputs);

    const diff = replace ? undefined : await run.call(() => methods.diff(old.id, run.loadable(old.outputs), inputs));
    // The engine knows from a plugin alone which properties differ.
    const isNamed = old.initFailed || (run.host === "native" && diff?.changes === true);
    if (
      diff === undefined ||
      (isNamed && declared.replaceOnChanges) ||
      (diff.changes === true && (diff.replaces ?? []).length > 0)
    ) {
      const fresh = await run.call(() => methods.check({}, declared.args));
      // The engine has no answer of `diff` to a forced replacement.
      if (diff === undefined && declared.createsFirst) {
        return () => this.#create(run, declared, { ...unwrapped(fresh.inputs), ...run.code }, old);
      }
      return async () => {
        // The resource option and `diff` both request `deleteBeforeReplace`.
        run.note("delete", old);
        await run.call(() => methods.delete(old.id, run.loadable(old.outputs)));
        this.#save({ ...old, pendingReplacement: true });
        await this.#create(run, declared, { ...unwrapped(fresh.inputs), ...run.code });
      };
    }
    if (diff.changes === true || old.initFailed) return () => this.#update(run, old, inputs);
    // Unchanged: old outputs with new inputs.
    this.#save({ ...old, inputs });
    return undefined;
  }

  /** Finds the saved resource by name or alias, and renames it. */
  #old(declared: Declared): Saved | undefined {
    const name = [declared.name, ...declared.aliases].find((candidate) => this.state.has(candidate));
    const old = name === undefined ? undefined : this.state.get(name);
    if (old === undefined || old.name === declared.name) return old;
    const renamed = { ...old, name: declared.name };
    this.state.delete(old.name);
    this.#save(renamed);
    return renamed;
  }

  /** `replaced` is deleted at the end. */
  async #create(run: Run, declared: Declared, inputs: Values, replaced?: Saved): Promise<void> {
    const { kind, name } = declared;
    const made = { kind, name, inputs, initFailed: false, pendingReplacement: false };
    run.note("create", made);
    try {
      const { id, outs = {} } = await run.call(() => run.methods(declared).create(inputs));
      this.#save({ ...made, id, outputs: { ...outs, ...run.code } });
      if (replaced !== undefined) this.#replaced.push(replaced);
    } catch (error) {
      const { id, properties } = rejection(error);
      if (id !== undefined) {
        this.#save({ ...made, id, outputs: properties ?? {}, initFailed: true });
        if (replaced !== undefined) this.#replaced.push(replaced);
      }
      throw error;
    }
  }

  async #update(run: Run, old: Saved, inputs: Values): Promise<void> {
    run.note("update", old);
    try {
      const { outs = {} } = await run.call(() => run.methods(old).update(old.id, run.loadable(old.outputs), inputs));
      this.#save({ ...old, inputs, outputs: { ...outs, ...run.code }, initFailed: false });
    } catch (error) {
      const { id, properties } = rejection(error);
      if (id !== undefined) this.#save({ ...old, inputs, outputs: properties ?? {}, initFailed: true });
      throw error;
    }
  }

  async #read(run: Run, saved: Saved): Promise<void> {
    if (saved.pendingReplacement) return;
    const methods = run.methods(saved);
    const {
      id,
      props = {},
      inputs = saved.inputs,
    } = await run.call(() => methods.read(saved.id, run.loadable(saved.outputs), saved.inputs));
    if (id === undefined || id === "") {
      this.state.delete(saved.name);
      return;
    }
    this.#save({ ...saved, id, outputs: { ...props, ...run.code }, inputs, initFailed: false });
    await run.call(() => methods.diff(id, props, saved.inputs));
  }

  /** Deletes dependents first: all grants before the connector. */
  async #deleteAll(run: Run, resources: readonly Saved[]): Promise<void> {
    const before = run.errors;
    for (const kind of ["grant", "connector"] as const) {
      if (run.killed || run.errors > before) return;
      const steps = resources.filter((saved) => saved.kind === kind).map((saved) => this.#delete(run, saved));
      await Promise.all(steps);
    }
  }

  #delete(run: Run, saved: Saved): Promise<unknown> {
    return run.step(async () => {
      if (!saved.pendingReplacement) {
        run.note("delete", saved);
        await run.call(() => run.methods(saved).delete(saved.id, run.loadable(saved.outputs)));
      }
      if (this.#replaced.includes(saved)) this.#replaced = this.#replaced.filter((other) => other !== saved);
      else this.state.delete(saved.name);
    });
  }

  /** Saves a copy as JSON, because a state file holds data only. */
  #save(saved: Saved): void {
    this.state.set(saved.name, JSON.parse(JSON.stringify(saved)));
  }
}

/** One operation while it runs. */
interface Run {
  readonly killed: boolean;
  /** How many steps have failed. */
  readonly errors: number;
  host: HostName;
  /** What the host adds to inputs, and to the outputs of successful results. */
  code: Values;
  methods: ProviderProcess["methods"];
  /** Like the host of dynamic providers: read and delete fail without the code. */
  loadable(outputs: Values): Values;
  /** Calls the provider. Never settles if the engine is killed before the result. */
  call<T>(work: () => Promise<T>): Promise<T>;
  /** Runs a step and records its failure. */
  step<T>(work: () => Promise<T>): Promise<T | undefined>;
  note(what: string, resource: { name: string }): void;
}

async function operate(process: ProviderProcess, work: (run: Run) => Promise<void>): Promise<Operation> {
  const operation: Operation = { errors: [], steps: [], killed: false };
  setMaxListeners(0, process.killed);
  await work({
    get killed() {
      return operation.killed;
    },
    get errors() {
      return operation.errors.length;
    },
    host: process.host,
    code: STORED_CODE[process.host],
    methods: process.methods,
    loadable: (outputs) => {
      if (process.host === "dynamic" && typeof outputs.__provider !== "string")
        throw new Error("code must be a string, not undefined");
      return outputs;
    },
    call: (call) => untilKilled(process, call),
    step: async (step) => {
      if (operation.killed) return undefined;
      try {
        return await step();
      } catch (error) {
        if (error instanceof Killed) operation.killed = true;
        else operation.errors.push(printed(error));
        return undefined;
      }
    },
    note: (what, { name }) => operation.steps.push(`${what} ${name}`),
  });
  if (!operation.killed) process.end();
  return operation;
}

async function untilKilled<T>({ killed, calls, clock }: ProviderProcess, call: () => Promise<T>): Promise<T> {
  if (killed.aborted) throw new Killed();
  let onKilled = () => {};
  const kill = new Promise<never>((_, reject) => {
    onKilled = () => reject(new Killed());
    killed.addEventListener("abort", onKilled, { once: true });
  });
  try {
    const called = onClock(clock, call);
    calls.push(called);
    return await Promise.race([called, kill]);
  } finally {
    killed.removeEventListener("abort", onKilled);
  }
}

/** Everything that the engine may print for an error. */
function printed(error: unknown): string {
  const { message, reasons = [] } = rejection(error);
  return [message, ...reasons].join("\n") + (error instanceof Error ? (error.stack ?? "") : "");
}

function rejection(error: unknown): Rejection {
  if (!(error instanceof Error)) return { message: String(error) };
  return error;
}
