import type { NylasError } from "../errors.js";
import type { Host } from "../host.js";
import type { OwnedState } from "./ownership/marker.js";
import type { PropertyTable } from "./properties/table.js";
import type { CheckFailure } from "./properties/validate.js";
import type { Values } from "./properties/values.js";
import type { Run } from "./session.js";

/** The owner of an object, as recorded in the resource's state. */
export interface Ownership {
  applicationId: string;
  /** The owner's digest. */
  owner: string;
  /** The nonce of the owner's marker, for objects that carry one. */
  nonce?: string | undefined;
}

/** What holds for a resource type whatever form its arguments and states have. */
interface Rules {
  /** Each property that inputs may have. */
  properties: PropertyTable;
  /** Fills in defaults and validates. `olds` are the inputs of the last run. Sends no request. */
  check(host: Host, news: Values, olds?: Values): { inputs: Values; failures: CheckFailure[] };
  /** Identifies the object at Nylas that a resource with these inputs is to have, within its application; `undefined` if that is not known yet. */
  objectOf(inputs: Values): string | undefined;
}

/** Validation and CRUD of one resource type, independent of Pulumi. `news` may have values that are not known yet. */
export interface Lifecycle<Args, State extends OwnedState> extends Rules {
  /** Parses arguments that have passed `check`. */
  readArguments(inputs: Values): Args;
  /** Reads a state that any released version has written. */
  readState(props: Values): State;
  writeState(state: State): Values;
  /** The inputs of the last run, as the state has them. */
  inputsIn(state: State): Values;
  /**
   * Names what needs an update: arguments that have changed, with passwords under their public names, and outputs that show a
   * drifted object. `replaces` are those that replace. Sends no request.
   */
  diff(olds: State, news: Values): { changed: string[]; replaces: string[] };
  /** What Pulumi's plan does not show of an existing object: which secret arguments differ, without values, and what may replace it. */
  hiddenChanges?(olds: State, news: Values): string | undefined;
  /** The error for a program that has the object in two resources. */
  heldTwice(id: string, olds: State): NylasError;
  /** `undefined` if the state names no owner, such as that of a resource that only refers to its object. */
  ownership(state: State): Ownership | undefined;
  create(run: Run, args: Args): Promise<{ id: string; state: State }>;
  /** `undefined` if the object no longer exists. */
  read(run: Run, id: string, state: State): Promise<State | undefined>;
  update(run: Run, id: string, olds: State, args: Args): Promise<State>;
  delete(run: Run, id: string, state: State): Promise<void>;
}

/** A lifecycle whose arguments and states are records of property values, as the engine has them. */
export interface RecordLifecycle extends Rules {
  diff(olds: Values, news: Values): { changed: string[]; replaces: string[] };
  hiddenChanges(olds: Values, news: Values): string | undefined;
  heldTwice(id: string, olds: Values): NylasError;
  ownership(outs: Values): Ownership | undefined;
  owned(outs: Values): OwnedState;
  create(run: Run, inputs: Values): Promise<{ id: string; outs: Values }>;
  read(run: Run, id: string, props: Values): Promise<{ inputs: Values; outs: Values } | undefined>;
  update(run: Run, id: string, olds: Values, news: Values): Promise<Values>;
  delete(run: Run, id: string, props: Values): Promise<void>;
}

/** Adapts a lifecycle to the engine's records: parses arguments and states, and writes states. */
export function overRecords<Args, State extends OwnedState>(lifecycle: Lifecycle<Args, State>): RecordLifecycle {
  const { properties, check, objectOf, readArguments, writeState, inputsIn } = lifecycle;
  const states = new WeakMap<Values, State>();
  /** One call of the engine's asks several questions about the same record. */
  const readState = (props: Values): State => {
    const state = states.get(props) ?? lifecycle.readState(props);
    states.set(props, state);
    return state;
  };
  return {
    properties,
    check,
    objectOf,
    diff: (olds, news) => lifecycle.diff(readState(olds), news),
    hiddenChanges: (olds, news) => lifecycle.hiddenChanges?.(readState(olds), news),
    heldTwice: (id, olds) => lifecycle.heldTwice(id, readState(olds)),
    ownership: (outs) => lifecycle.ownership(readState(outs)),
    owned: readState,
    create: async (run, inputs) => {
      const { id, state } = await lifecycle.create(run, readArguments(inputs));
      return { id, outs: writeState(state) };
    },
    read: async (run, id, props) => {
      const before = readState(props);
      const state = await lifecycle.read(run, id, before);
      return state && { inputs: inputsIn(before), outs: writeState(state) };
    },
    update: async (run, id, olds, news) =>
      writeState(await lifecycle.update(run, id, readState(olds), readArguments(news))),
    delete: (run, id, props) => lifecycle.delete(run, id, readState(props)),
  };
}

/** The object exists but is not usable as declared. Pulumi saves it, fails the run, and updates it in the next one. */
export class PartialFailureError extends Error {
  constructor(
    readonly objectId: string,
    readonly outs: Values,
    message: string,
  ) {
    super(message);
    this.name = "PartialFailureError";
  }
}
