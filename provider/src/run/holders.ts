/**
 * Which resources of the program hold which objects. The engine tells a provider nothing of the program, but it plans each
 * resource that stays: so a plan shows who holds what, and a resource that has gone or was renamed is never planned.
 */
export interface Holders {
  /** A resource was read for a refresh; the engine then plans it once more with its old arguments, in the program or not. */
  refreshed(id: string): void;
  /** A resource that keeps its object was planned. */
  planned(id: string, owner: string | undefined): void;
  /** A resource has made, adopted or authenticated its object. */
  took(id: string, owner: string | undefined): void;
  released(id: string): void;
  /** A deletion has left the object to another owner. */
  left(id: string): void;
  wasLeft(id: string): boolean;
  /** Whether a resource of another owner holds it. */
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
