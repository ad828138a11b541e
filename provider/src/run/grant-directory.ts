import { performance } from "node:perf_hooks";
import { mailboxKey } from "../address.js";
import { UnexpectedResponseError } from "../errors.js";
import { notify } from "../notify.js";
import type { NylasClient } from "../nylas/client.js";
import { describeUnreadable, findGrant, type GrantPage, readablePages, readingGrant } from "../nylas/grants.js";
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
   * The grant with this id. Reads the list as far as the page that contains it. If no page does, it is requested by its id
   * before it counts as deleted. Errors name the mailbox if the caller passes it.
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
  let listing: Listing | undefined;
  let lastNotice = "";
  const entered = emptyIndex();
  const removed = new Set<string>();

  return {
    byEmail: async (email) => {
      const key = mailboxKey(email);
      const own = entered.byEmail.get(key);
      if (own !== undefined) return own;
      const { byEmail, unreadable } = await completeList();
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
      const { byId, unreadable } = await listUpTo(grantId);
      const known = present(byId.get(grantId)) ?? (await findGrant(client, grantId, mailbox));
      if (known !== undefined) return known;
      // The list contains it, so a 404 does not prove that it was deleted.
      refuseUnreadable(readingGrant(grantId, mailbox), unreadable, (entry) => entry.id === grantId);
      return undefined;
    },
    findByState: async (matches) => {
      const own = [...entered.byId.values()].find(matches);
      if (own !== undefined) return own;
      const { byId, unreadable } = await completeList();
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

  async function listUpTo(grantId: string): Promise<GrantIndex> {
    const { index, readPage } = currentListing();
    while (!index.byId.has(grantId) && (await readPage()));
    return index;
  }

  async function completeList(): Promise<GrantIndex> {
    // A deletion during a pause moves a grant from the next page to one that was read: the list would miss it, and the caller
    // would create a second grant.
    if (listing !== undefined && listing.complete === undefined) listing = undefined;
    const current = currentListing();
    current.complete ??= readAll(current);
    await current.complete;
    return current.index;
  }

  function currentListing(): Listing {
    if (listing === undefined || listing.hasFailed() || performance.now() - listing.begunAt >= MAX_AGE_MS) {
      listing = startListing(readablePages(client), notifyUnreadable);
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

interface GrantIndex {
  byId: Map<string, Grant>;
  byEmail: Map<string, Grant>;
  unreadable: UnreadableGrant[];
}

/** The application's grants, as far as they have been read. */
interface Listing {
  index: GrantIndex;
  /** When it was started, in milliseconds of `performance.now()`. */
  begunAt: number;
  /** Adds the next page, which simultaneous callers share. Resolves to false if there is none. */
  readPage(): Promise<boolean>;
  hasFailed(): boolean;
  /** Set if it is read from the first page to the last without a pause. */
  complete?: Promise<void>;
}

function startListing(
  pages: AsyncGenerator<GrantPage, void>,
  whenComplete: (unreadable: readonly UnreadableGrant[]) => void,
): Listing {
  const index = emptyIndex();
  let reading: Promise<boolean> | undefined;
  let failed = false;

  return {
    index,
    begunAt: performance.now(),
    readPage: () => {
      reading ??= addPage();
      return reading;
    },
    hasFailed: () => failed,
  };

  async function addPage(): Promise<boolean> {
    try {
      const { done, value: page } = await pages.next();
      reading = undefined;
      if (done) return false;
      for (const grant of page.grants) addTo(index, grant);
      index.unreadable.push(...page.unreadable);
      if (page.isLast) whenComplete(index.unreadable);
      return true;
    } catch (error) {
      // Keeps the rejected promise: after an error the generator answers as after its last page.
      failed = true;
      throw error;
    }
  }
}

async function readAll({ readPage }: Listing): Promise<void> {
  while (await readPage());
}

function emptyIndex(): GrantIndex {
  return { byId: new Map(), byEmail: new Map(), unreadable: [] };
}

function addTo(index: GrantIndex, grant: Grant): void {
  index.byId.set(grant.id, grant);
  if (grant.email !== undefined) index.byEmail.set(mailboxKey(grant.email), grant);
}
