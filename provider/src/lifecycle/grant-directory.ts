import type { NylasClient } from "../nylas/client.js";
import { findGrant, listAllGrants } from "../nylas/grants.js";
import type { Grant } from "../nylas/wire.js";

/** How long a listing is believed, in milliseconds. A run asks for it again after that. */
const MAX_AGE_MS = 60_000;

/**
 * The application's grants, shared by all look-ups of a run: one page of 200 instead of one request for each mailbox.
 * What the run itself makes and deletes is entered, so its own work never looks stale.
 */
export interface GrantDirectory {
  /** The grant of this address, with any provider; letter case does not matter. */
  byEmail(email: string): Promise<Grant | undefined>;
  /** The grant with this id. One that no page shows is asked for by its id before it is believed gone. */
  byId(grantId: string): Promise<Grant | undefined>;
  enter(grant: Grant): void;
  remove(grantId: string): void;
  /** Whether this run has deleted it: lists may go on showing it for a while. */
  wasRemoved(grantId: string): boolean;
}

export function createGrantDirectory(client: NylasClient): GrantDirectory {
  let listing: Promise<Listing> | undefined;
  let listedAt = 0;
  const made = index([]);
  const removed = new Set<string>();

  return {
    byEmail: async (email) => {
      const address = email.toLowerCase();
      return made.byEmail.get(address) ?? present((await listed()).byEmail.get(address));
    },
    byId: async (grantId) => {
      const known = made.byId.get(grantId) ?? present((await listed()).byId.get(grantId));
      return known ?? (await findGrant(client, grantId));
    },
    enter: (grant) => {
      removed.delete(grant.id);
      put(made, grant);
    },
    remove: (grantId) => {
      const grant = made.byId.get(grantId);
      made.byId.delete(grantId);
      if (grant?.email !== undefined) made.byEmail.delete(grant.email.toLowerCase());
      removed.add(grantId);
    },
    wasRemoved: (grantId) => removed.has(grantId),
  };

  function present(grant: Grant | undefined): Grant | undefined {
    return grant === undefined || removed.has(grant.id) ? undefined : grant;
  }

  function listed(): Promise<Listing> {
    if (listing === undefined || Date.now() - listedAt >= MAX_AGE_MS) {
      const asked = listAllGrants(client).then(index);
      listing = asked;
      listedAt = Date.now();
      asked.catch(() => {
        if (listing === asked) listing = undefined;
      });
    }
    return listing;
  }
}

interface Listing {
  byId: Map<string, Grant>;
  byEmail: Map<string, Grant>;
}

function index(grants: readonly Grant[]): Listing {
  const listing: Listing = { byId: new Map(), byEmail: new Map() };
  for (const grant of grants) put(listing, grant);
  return listing;
}

function put(listing: Listing, grant: Grant): void {
  listing.byId.set(grant.id, grant);
  if (grant.email !== undefined) listing.byEmail.set(grant.email.toLowerCase(), grant);
}
