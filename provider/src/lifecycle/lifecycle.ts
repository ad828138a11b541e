import type { Run } from "../run/run.js";
import type { Failure } from "./validate.js";
import type { Values } from "./values.js";

/** Who holds an object, as the resource's outputs say. */
export interface Holder {
  applicationId: string;
  /** The owner's digest. */
  owner: string;
  nonce?: string | undefined;
}

/** Validation and CRUD of one resource type, independent of Pulumi. */
export interface Lifecycle {
  /** The arguments whose values no message may show. */
  secrets: readonly string[];
  /** Arguments with defaults filled in, and what is wrong with them. `before` are those of the last run. No request. */
  check(given: Values, before?: Values): { inputs: Values; failures: Failure[] };
  /** What a change of arguments or a drifted state asks for. No request. */
  diff(olds: Values, news: Values): { changes: boolean; replaces: string[] };
  /** `undefined` for a resource that only refers to its object. */
  holder(outs: Values): Holder | undefined;
  create(run: Run, inputs: Values): Promise<{ id: string; outs: Values }>;
  /** `undefined` when the object is gone. */
  read(run: Run, id: string, props: Values): Promise<{ inputs: Values; outs: Values } | undefined>;
  update(run: Run, id: string, olds: Values, news: Values): Promise<Values>;
  delete(run: Run, id: string, props: Values): Promise<void>;
}

/** The object exists but is not as declared: Pulumi keeps it, fails the run, and updates it at the next one. */
export class HalfMadeError extends Error {
  constructor(
    readonly objectId: string,
    readonly outs: Values,
    readonly reason: string,
  ) {
    super(reason);
    this.name = "HalfMadeError";
  }
}
