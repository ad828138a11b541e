/**
 * Which resource of the program has which object. The engine does not show the program to a provider, but it calls `diff` for
 * each resource that stays in it, and never for one that was removed or renamed. So those calls reveal the owners.
 */
export interface Owners {
  /** A refresh has read the resource. The engine then calls `diff` once with its old inputs, even if it left the program. */
  recordRefresh(id: string): void;
  /** `diff` was called for a resource that keeps its object. */
  recordPlan(id: string, owner: string | undefined): void;
  /** A resource has created, adopted or authenticated its object. */
  record(id: string, owner: string | undefined): void;
  /** A resource has deleted its object. */
  remove(id: string): void;
  /** A deletion has left the object at Nylas, because it has another owner. */
  recordRetained(id: string): void;
  wasRetained(id: string): boolean;
  /** Whether another owner's resource has it. */
  isOwnedByOther(id: string, owner: string | undefined): boolean;
}

export function createOwners(): Owners {
  const owners = new Map<string, string>();
  const refreshed = new Set<string>();
  const retained = new Set<string>();
  const record = (id: string, owner: string | undefined) => {
    if (owner !== undefined) owners.set(id, owner);
  };
  return {
    recordRefresh: (id) => refreshed.add(id),
    recordPlan: (id, owner) => {
      if (!refreshed.delete(id)) record(id, owner);
    },
    record,
    remove: (id) => owners.delete(id),
    recordRetained: (id) => retained.add(id),
    wasRetained: (id) => retained.has(id),
    isOwnedByOther: (id, owner) => owners.has(id) && owners.get(id) !== owner,
  };
}
