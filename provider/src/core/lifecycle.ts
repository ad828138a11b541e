import type { Host } from "../host.js";
import type { PropertyTable } from "./properties/table.js";
import type { CheckFailure } from "./properties/validate.js";
import type { Values } from "./properties/values.js";
import type { Run } from "./session.js";

/** The owner of an object, as recorded in the resource's outputs. */
export interface Ownership {
  applicationId: string;
  /** The owner's digest. */
  owner: string;
  /** The nonce of the owner's marker, for objects that carry one. */
  nonce?: string | undefined;
}

/** Validation and CRUD of one resource type, independent of Pulumi. */
export interface Lifecycle {
  /** Each property that inputs may have. */
  properties: PropertyTable;
  /** Fills in defaults and validates. `olds` are the inputs of the last run. Sends no request. */
  check(host: Host, news: Values, olds?: Values): { inputs: Values; failures: CheckFailure[] };
  /**
   * Names what needs an update: arguments that have changed, with passwords under their public names, and outputs that show a
   * drifted object. `replaces` are those that replace. Sends no request.
   */
  diff(olds: Values, news: Values): { changed: string[]; replaces: string[] };
  /** Says which secret arguments of an existing object differ, if any do: Pulumi does not. Never their values. */
  secretChanges?(olds: Values, news: Values): string | undefined;
  /** `undefined` if the outputs name no owner, such as those of a resource that only refers to its object. */
  ownership(outs: Values): Ownership | undefined;
  create(run: Run, inputs: Values): Promise<{ id: string; outs: Values }>;
  /** `undefined` if the object no longer exists. */
  read(run: Run, id: string, props: Values): Promise<{ inputs: Values; outs: Values } | undefined>;
  update(run: Run, id: string, olds: Values, news: Values): Promise<Values>;
  delete(run: Run, id: string, props: Values): Promise<void>;
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
