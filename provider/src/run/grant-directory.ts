import { performance } from "node:perf_hooks";
import { mailboxKey } from "../address.js";
import { UnexpectedResponseError } from "../errors.js";
import { notify } from "../notify.js";
import type { NylasClient } from "../nylas/client.js";
import { describeUnreadable, findGrant, type GrantList, listReadableGrants, readingGrant } from "../nylas/grants.js";
import type { Grant, UnreadableGrant } from "../nylas/wire.js";

/** How long a listing is cached, in milliseconds. */
const MAX_AGE_MS = 60_000;

/**
 * Cache of the application's grants, shared by all look-ups of a run: one request per 200 grants instead of one per mailbox.
 * Callers enter the grants that the run creates and remove those that it deletes, so that the cache is never behind the run's
 * own changes. An unreadable grant of the list fails only look-ups of that grant.
 */
export interface GrantDirectory {
  /** The grant of this address in any spelling, with any provider. */
  byEmail(email: string): Promise<Grant | undefined>;
  /**
   * The grant with this id. If the list does not contain it, it is requested by its id before it counts as deleted. Errors
   * name the mailbox if the caller passes it.
   */
  byId(grantId: string, mailbox?: string): Promise<Grant | undefined>;
  /** The first grant that matches: for mailboxes with a log-in name, whose grant has an unknown address. */
  findByState(matches: (grant: { state?: string | undefined }) => boolean): Promise<Grant | undefined>;
  /** Records a grant that this run has created or authenticated. */
  enter(grant: Grant): void;
  /** Records that this run has deleted a grant. */
  remove(grantId: string): void;
  /** Whether this run has deleted the grant. Nylas's lists may still contain it for a while. */
  wasRemoved(grantId: string): boolean;
}

export function createGrantDirectory(client: NylasClient): GrantDirectory {
  let listing: Promise<Listing> | undefined;
  let listedAt = 0;
  let lastNotice = "";
  const entered = index({ grants: [], unreadable: [] });
  const removed = new Set<string>();

  return {
    byEmail: async (email) => {
      const key = mailboxKey(email);
      const own = entered.byEmail.get(key);
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
      const own = entered.byId.get(grantId);
      if (own !== undefined) return own;
      const { byId, unreadable } = await listed();
      const known = present(byId.get(grantId)) ?? (await findGrant(client, grantId, mailbox));
      if (known !== undefined) return known;
      // The list contains it, so a 404 does not prove that it was deleted.
      refuseUnreadable(readingGrant(grantId, mailbox), unreadable, (entry) => entry.id === grantId);
      return undefined;
    },
    findByState: async (matches) => {
      const own = [...entered.byId.values()].find(matches);
      if (own !== undefined) return own;
      const { byId, unreadable } = await listed();
      for (const grant of byId.values()) {
        // The run's own entries are newer than the list.
        if (!entered.byId.has(grant.id) && present(grant) !== undefined && matches(grant)) return grant;
      }
      refuseUnreadable("Looking up a grant by its owner", unreadable, matches);
      return undefined;
    },
    enter: (grant) => {
      removed.delete(grant.id);
      addTo(entered, grant);
    },
    remove: (grantId) => {
      const grant = entered.byId.get(grantId);
      entered.byId.delete(grantId);
      if (grant?.email !== undefined) entered.byEmail.delete(mailboxKey(grant.email));
      removed.add(grantId);
    },
    wasRemoved: (grantId) => removed.has(grantId),
  };

  function present(grant: Grant | undefined): Grant | undefined {
    return grant === undefined || removed.has(grant.id) ? undefined : grant;
  }

  /** Throws if the wanted grant is an unreadable entry of the list: it must not look as if it did not exist. */
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

  /** Whether this run has authenticated or deleted it, which is newer than a list. */
  function isKnown(grantId: string): boolean {
    return entered.byId.has(grantId) || removed.has(grantId);
  }

  function listed(): Promise<Listing> {
    if (listing === undefined || performance.now() - listedAt >= MAX_AGE_MS) {
      const asked = listReadableGrants(client).then((list) => {
        notifyUnreadable(list.unreadable);
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

  /** Shows a notice once, although a long run lists the grants repeatedly. */
  function notifyUnreadable(unreadable: readonly UnreadableGrant[]): void {
    if (unreadable.length === 0) return;
    const text = `the list of grants: ${describeUnreadable(unreadable)}; other grants are not affected`;
    if (text !== lastNotice) notify(text);
    lastNotice = text;
  }
}

interface Listing {
  byId: Map<string, Grant>;
  byEmail: Map<string, Grant>;
  unreadable: readonly UnreadableGrant[];
}

function index({ grants, unreadable }: GrantList): Listing {
  const listing: Listing = { byId: new Map(), byEmail: new Map(), unreadable };
  for (const grant of grants) addTo(listing, grant);
  return listing;
}

function addTo(listing: Listing, grant: Grant): void {
  listing.byId.set(grant.id, grant);
  if (grant.email !== undefined) listing.byEmail.set(mailboxKey(grant.email), grant);
}
