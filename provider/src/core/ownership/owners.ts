import { formatMarker, type Marker, type OwnedState } from "./marker.js";

/**
 * Which resource of the program has which object. The engine does not show the program to a provider, but for each resource that
 * stays in it, the engine calls `check` with the old inputs and then `diff`. It calls `diff` alone for a refresh and for dependents
 * of a replaced resource, even if they have left the program; it calls neither for a resource that was removed or renamed, and
 * no `diff` for one that the user replaces, with `--replace`, `state taint`, `replacementTrigger` or `replaceWith`.
 */
export interface Owners {
  /** `check` was called. `isNew`: without old inputs, for a creation or a replacement. */
  recordCheck(names: { owner?: unknown; stack?: unknown }, isNew: boolean): void;
  /** A call for the owner's resource has failed. `object` is the one that a creation was to make or take. */
  recordFailure(owner: string | undefined, object?: string): void;
  /** A later call for it was successful: a hook has tried again. */
  recordSuccess(owner: string | undefined): void;
  /**
   * Why the program may still declare the object of an owner whose resource it has not named: another resource has failed to take it, as
   * after a rename without an alias, or any has failed, after which the engine may never learn of those that depend on it. Beside
   * replacements that are under way, only a run that continues on errors deletes then.
   */
  whyKept(object: string, owner: string | undefined): "declared" | "failed" | undefined;
  /** Whether this is the stack of the program, as a `check` has told it, or the one that a state names. A destroy calls no `check`. */
  isStack(stack: string | undefined, inState: string | undefined): boolean;
  /** Whether the resource with this state is deleted because it is to be made again. */
  isReplaced(state: OwnedState): boolean;
  /**
   * Records that `diff` was called with this state. `stays`: no argument asks for another object. Returns false if another resource of
   * the program holds the object: it was declared for the same one, and the engine made it before this plan, or in an earlier run.
   */
  recordPlan(id: string, olds: OwnedState, owner: string | undefined, stays: boolean): boolean;
  /** Whether the program has a resource of this owner. */
  isNamed(owner: string | undefined): boolean;
  /** Whether the engine replaces the resource with this state although no argument asks for another object. */
  isReplacedByOption(id: string, state: OwnedState): boolean;
  /** A creation has returned this object, new or adopted. */
  recordCreation(id: string): void;
  /** Whether a creation of this run has returned it. The deletion of a replaced resource then has nothing to delete. */
  wasCreated(id: string): boolean;
  /** A resource has created, adopted or authenticated its object. */
  record(id: string, owner: string | undefined): void;
  /** A resource has deleted its object. */
  remove(id: string): void;
  /** A deletion has left the object at Nylas, because it has another owner. */
  recordRetained(id: string): void;
  wasRetained(id: string): boolean;
  /** Whether a resource of the program is known to have it. */
  isOwned(id: string): boolean;
  /** Whether a resource that stays in the program has it, and asks for another one. */
  isLeaving(id: string): boolean;
  /**
   * Whether a resource that stays in the program had it before this run. If the run deletes it too, that is a leftover: a replacement
   * that created first was interrupted, and the engine now deletes its old resource.
   */
  wasPlanned(id: string): boolean;
  /** Whether that resource has made it, and not adopted it. */
  wasPlannedAsMade(id: string): boolean;
  /** The applications that the resources which stay in the program were made in. */
  applications(): readonly string[];
  /** The marker in the state of that resource. */
  plannedMarker(id: string): Marker | undefined;
  /** Whether another owner's resource has it. */
  isOwnedByOther(id: string, owner: string | undefined): boolean;
}

export function createOwners(): Owners {
  const owners = new Map<string, string>();
  const stacks = new Set<string>();
  const checked = new Set<string>();
  const checkedAnew = new Set<string>();
  /** The owners in the states of resources that are in the program. */
  const named = new Set<string>();
  /** What the owners whose last call has failed were to make or take. */
  const failed = new Map<string, string | undefined>();
  /** The owners of resources that stay, by the keys of their states. */
  const staying = new Map<string, string>();
  const planned = new Map<string, OwnedState>();
  const created = new Set<string>();
  const applications = new Set<string>();
  const leaving = new Set<string>();
  const retained = new Set<string>();
  const record = (id: string, owner: string | undefined) => {
    if (owner !== undefined) owners.set(id, owner);
  };
  const isOwnedByOther = (id: string, owner: string | undefined) => owners.has(id) && owners.get(id) !== owner;
  const isNamed = (owner: string | undefined) =>
    owner !== undefined && [checked, checkedAnew, named].some((those) => those.has(owner));
  return {
    isNamed,
    recordCheck: ({ owner, stack }, isNew) => {
      if (typeof owner === "string") (isNew ? checkedAnew : checked).add(owner);
      if (typeof stack === "string") stacks.add(stack);
    },
    recordFailure: (owner = "", object) => void failed.set(owner, object),
    recordSuccess: (owner = "") => void failed.delete(owner),
    whyKept: (object, owner) => {
      if (owner === undefined || isNamed(owner)) return undefined;
      if ([...failed.values()].includes(object)) return "declared";
      return failed.size > 0 ? "failed" : undefined;
    },
    isStack: (stack, inState) => stack !== undefined && (stacks.has(stack) || stack === inState),
    isReplaced: ({ declared: { owner } }) => owner !== undefined && checkedAnew.has(owner),
    recordPlan: (id, olds, owner, stays) => {
      // The name before a rename.
      if (owner !== undefined && checked.has(owner) && olds.declared.owner !== undefined)
        named.add(olds.declared.owner);
      if (!stays) {
        staying.delete(stateKey(id, olds));
        leaving.add(id);
      }
      if (!stays || owner === undefined || !checked.has(owner)) return true;
      if (isOwnedByOther(id, owner)) return false;
      staying.set(stateKey(id, olds), owner);
      planned.set(id, olds);
      if (olds.applicationId !== undefined) applications.add(olds.applicationId);
      record(id, owner);
      return true;
    },
    isReplacedByOption: (id, state) => {
      const owner = staying.get(stateKey(id, state));
      // Without a check anew, it is what a replacement of an earlier run has left over.
      return owner !== undefined && checkedAnew.has(owner) && !created.has(id);
    },
    recordCreation: (id) => created.add(id),
    wasCreated: (id) => created.has(id),
    record,
    remove: (id) => owners.delete(id),
    recordRetained: (id) => retained.add(id),
    wasRetained: (id) => retained.has(id),
    isLeaving: (id) => leaving.has(id),
    wasPlanned: (id) => planned.has(id),
    plannedMarker: (id) => planned.get(id)?.marker,
    wasPlannedAsMade: (id) => planned.get(id)?.adopted === false,
    applications: () => [...applications],
    isOwned: (id) => owners.has(id),
    isOwnedByOther,
  };
}

/** Identifies a resource of the state: after a rename, two resources may have one object. */
function stateKey(id: string, { declared, marker }: OwnedState): string {
  return JSON.stringify([id, declared.owner, marker && formatMarker(marker)]);
}
