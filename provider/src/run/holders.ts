/**
 * Which resource of the program has which object. The engine does not show the program to a provider, but it calls `diff` for
 * each resource that stays in it, and never for one that was removed or renamed. So those calls reveal the owners.
 */
export interface Holders {
  /** A refresh has read the resource. The engine then calls `diff` once with its old inputs, even if it left the program. */
  refreshed(id: string): void;
  /** `diff` was called for a resource that keeps its object. */
  planned(id: string, owner: string | undefined): void;
  /** A resource has created, adopted or authenticated its object. */
  took(id: string, owner: string | undefined): void;
  /** A resource has deleted its object. */
  released(id: string): void;
  /** A deletion has left the object at Nylas, because it has another owner. */
  left(id: string): void;
  wasLeft(id: string): boolean;
  /** Whether another owner's resource has it. */
  isOther(id: string, owner: string | undefined): boolean;
}

export function createHolders(): Holders {
  const holders = new Map<string, string>();
  const refreshed = new Set<string>();
  const left = new Set<string>();
  const took = (id: string, owner: string | undefined) => {
    if (owner !== undefined) holders.set(id, owner);
  };
  return {
    refreshed: (id) => refreshed.add(id),
    planned: (id, owner) => {
      if (!refreshed.delete(id)) took(id, owner);
    },
    took,
    released: (id) => holders.delete(id),
    left: (id) => left.add(id),
    wasLeft: (id) => left.has(id),
    isOther: (id, owner) => holders.has(id) && holders.get(id) !== owner,
  };
}
