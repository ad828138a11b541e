import { performance } from "node:perf_hooks";
import { mailboxKey } from "../address.js";
import { UnexpectedResponseError } from "../errors.js";
import { notify } from "../notify.js";
import type { NylasClient } from "../nylas/client.js";
import { describeUnreadable, findGrant, type GrantList, listReadableGrants, readingGrant } from "../nylas/grants.js";
import type { Grant, UnreadableGrant } from "../nylas/wire.js";

/** How long a listing is believed, in milliseconds. A run asks for it again after that. */
const MAX_AGE_MS = 60_000;

/**
 * The application's grants, shared by all look-ups of a run: one page of 200 instead of one request for each mailbox.
 * What the run itself makes and deletes is entered, so its own work never looks stale. A grant of the list that cannot be
 * read fails the look-ups that ask for it, and no others.
 */
export interface GrantDirectory {
  /** The grant of this address, with any provider, however the address is spelt. */
  byEmail(email: string): Promise<Grant | undefined>;
  /**
   * The grant with this id. One that no page shows is asked for by its id before it is believed gone. Errors name the
   * mailbox where the caller knows it.
   */
  byId(grantId: string, mailbox?: string): Promise<Grant | undefined>;
  /** The first grant whose `state` fits: for a mailbox whose log-in name is not the address that Nylas gives its grant. */
  find(fits: (grant: { state?: string | undefined }) => boolean): Promise<Grant | undefined>;
  enter(grant: Grant): void;
  remove(grantId: string): void;
  /** Whether this run has deleted it: lists may go on showing it for a while. */
  wasRemoved(grantId: string): boolean;
}

export function createGrantDirectory(client: NylasClient): GrantDirectory {
  let listing: Promise<Listing> | undefined;
  let listedAt = 0;
  let leftOut = "";
  const made = index({ grants: [], unreadable: [] });
  const removed = new Set<string>();

  return {
    byEmail: async (email) => {
      const key = mailboxKey(email);
      const own = made.byEmail.get(key);
      if (own !== undefined) return own;
      const { byEmail, unreadable } = await listed();
      const found = present(byEmail.get(key));
      if (found !== undefined) return found;
      refuseUnreadable(`Looking up the grant of ${email}`, unreadable, (entry) => {
        return entry.email !== undefined && mailboxKey(entry.email) === key;
      });
      return undefined;
    },
    byId: async (grantId, mailbox) => {
      const own = made.byId.get(grantId);
      if (own !== undefined) return own;
      const { byId, unreadable } = await listed();
      const known = present(byId.get(grantId)) ?? (await findGrant(client, grantId, mailbox));
      if (known !== undefined) return known;
      // The list says that it exists, so a 404 is no proof that it is gone.
      refuseUnreadable(readingGrant(grantId, mailbox), unreadable, (entry) => entry.id === grantId);
      return undefined;
    },
    find: async (fits) => {
      const own = [...made.byId.values()].find(fits);
      if (own !== undefined) return own;
      const { byId, unreadable } = await listed();
      for (const grant of byId.values()) {
        // What the run has made since is newer than the list.
        if (!made.byId.has(grant.id) && present(grant) !== undefined && fits(grant)) return grant;
      }
      refuseUnreadable("Looking up a grant by its owner", unreadable, fits);
      return undefined;
    },
    enter: (grant) => {
      removed.delete(grant.id);
      put(made, grant);
    },
    remove: (grantId) => {
      const grant = made.byId.get(grantId);
      made.byId.delete(grantId);
      if (grant?.email !== undefined) made.byEmail.delete(mailboxKey(grant.email));
      removed.add(grantId);
    },
    wasRemoved: (grantId) => removed.has(grantId),
  };

  function present(grant: Grant | undefined): Grant | undefined {
    return grant === undefined || removed.has(grant.id) ? undefined : grant;
  }

  /** Throws for the grant that is asked for and cannot be read: it must look neither gone nor never made. */
  function refuseUnreadable(
    operation: string,
    unreadable: readonly UnreadableGrant[],
    isWanted: (grant: UnreadableGrant) => boolean,
  ): void {
    const wanted = unreadable.filter((entry) => !(entry.id !== undefined && isKnown(entry.id)) && isWanted(entry));
    if (wanted.length === 0) return;
    throw new UnexpectedResponseError({
      code: "unexpected_response",
      operation,
      answer: `${describeUnreadable(wanted)}; nothing was changed`,
      remedy: "look at the grant in the Nylas dashboard, and report it to Nylas or to this package; then run again",
    });
  }

  /** Whether this run has made or deleted it, and so knows better than a list. */
  function isKnown(grantId: string): boolean {
    return made.byId.has(grantId) || removed.has(grantId);
  }

  function listed(): Promise<Listing> {
    if (listing === undefined || performance.now() - listedAt >= MAX_AGE_MS) {
      const asked = listReadableGrants(client).then((list) => {
        tell(list.unreadable);
        return index(list);
      });
      listing = asked;
      listedAt = performance.now();
      asked.catch(() => {
        if (listing === asked) listing = undefined;
      });
    }
    return listing;
  }

  /** Once, although a long run asks for the list again and again. */
  function tell(unreadable: readonly UnreadableGrant[]): void {
    if (unreadable.length === 0) return;
    const text = `the list of grants: ${describeUnreadable(unreadable)}; the run goes on without`;
    if (text !== leftOut) notify(text);
    leftOut = text;
  }
}

interface Listing {
  byId: Map<string, Grant>;
  byEmail: Map<string, Grant>;
  unreadable: readonly UnreadableGrant[];
}

function index({ grants, unreadable }: GrantList): Listing {
  const listing: Listing = { byId: new Map(), byEmail: new Map(), unreadable };
  for (const grant of grants) put(listing, grant);
  return listing;
}

function put(listing: Listing, grant: Grant): void {
  listing.byId.set(grant.id, grant);
  if (grant.email !== undefined) listing.byEmail.set(mailboxKey(grant.email), grant);
}
