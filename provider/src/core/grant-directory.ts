import { performance } from "node:perf_hooks";
import { mailboxKey } from "../address.js";
import { UnexpectedResponseError } from "../errors.js";
import type { NylasClient } from "../nylas/client.js";
import { describeUnreadable, type GrantList, listCertainly, readablePages } from "../nylas/grant-list.js";
import { findGrant, readingGrant } from "../nylas/grants.js";
import type { Grant, UnreadableGrant } from "../nylas/wire.js";

/** How long a listing is cached, in milliseconds. */
const MAX_AGE_MS = 60_000;
/** Most grants of a listing that are requested by their ids and show no address there either. Then the others count as having none. */
export const MAX_REQUESTS_WITHOUT_ADDRESS = 3;

/**
 * Cache of the application's grants, shared by all look-ups of a run: one request per 200 grants instead of one per mailbox.
 * A grant that a page shows exists. Before one counts as missing, the list is read to its end, and again until two readings
 * agree. Callers enter the grants that the run creates and remove those that it deletes, so that the cache is never behind the run's
 * own changes. An unreadable grant of the list fails only look-ups of that grant.
 */
export interface GrantDirectory {
  /** The grant of this address in any spelling, with any provider. */
  byEmail(email: string): Promise<Grant | undefined>;
  /**
   * The grant with this id. Reads the list as far as the page that contains it. If no page does, it is requested by its id.
   * Errors name the mailbox if the caller passes it.
   */
  byId(grantId: string, mailbox?: string): Promise<Grant | undefined>;
  /** Like `byId`, but requests the grant even if the list shows it: another run may have changed it since. */
  request(grantId: string, mailbox?: string): Promise<Grant | undefined>;
  /** The first grant that matches: for mailboxes with a log-in name, whose grant has an unknown address. */
  findByState(
    matches: (grant: { id?: string | undefined; state?: string | undefined }) => boolean,
  ): Promise<Grant | undefined>;
  /**
   * Keeps what is known now, for a request that may change a grant which no look-up has found. The returned function gives a grant as
   * this run last recorded it, or else as the list showed it. Call it before `enter`.
   */
  snapshot(): (grantId: string) => Grant | undefined;
  /** Records a grant that this run has created or authenticated. */
  enter(grant: Grant): void;
  /** Records that this run has deleted a grant. */
  remove(grantId: string): void;
  /** Whether this run has deleted the grant. Nylas's lists may still contain it for a while. */
  wasRemoved(grantId: string): boolean;
}

export function createGrantDirectory(client: NylasClient): GrantDirectory {
  let listing: Listing | undefined;
  let latestCertain: GrantIndex | undefined;
  let lastNotice = "";
  const entered = emptyIndex();
  const removed = new Set<string>();

  return {
    byEmail: async (email) => {
      const key = mailboxKey(email);
      const own = entered.byEmail.get(key);
      if (own !== undefined) return own;
      const shown = present((await readUpTo(({ byEmail }) => byEmail.has(key))).byEmail.get(key));
      if (shown !== undefined) return shown;
      const { byEmail, unreadable } = await certainList(true);
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
      const { byId } = await readUpTo(({ byId }) => byId.has(grantId));
      return present(byId.get(grantId)) ?? request(grantId, mailbox);
    },
    request,
    findByState: async (matches) => {
      const own = [...entered.byId.values()].find(matches);
      if (own !== undefined) return own;
      const { byId, unreadable } = await certainList();
      for (const grant of byId.values()) {
        // The run's own entries are newer than the list.
        if (!entered.byId.has(grant.id) && present(grant) !== undefined && matches(grant)) return grant;
      }
      refuseUnreadable("Looking up a grant by its owner", unreadable, matches);
      return undefined;
    },
    snapshot: () => {
      const index = latestCertain;
      return (grantId) => entered.byId.get(grantId) ?? present(index?.byId.get(grantId));
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

  async function request(grantId: string, mailbox?: string): Promise<Grant | undefined> {
    const found = await findGrant(client, grantId, mailbox, async () => {
      const { byId, unreadable } = await certainList();
      return { grants: [...byId.values()], unreadable };
    });
    if (found !== undefined) return found;
    const { byId, unreadable } = await certainList();
    const listed = present(byId.get(grantId));
    // The list contains it, so a 404 does not prove that it was deleted.
    if (listed === undefined) refuseUnreadable(readingGrant(grantId, mailbox), unreadable, ({ id }) => id === grantId);
    return listed;
  }

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

  /** Reads pages until the wanted grant is among them. */
  async function readUpTo(isFound: (index: GrantIndex) => boolean): Promise<GrantIndex> {
    const { index, readPage } = currentListing();
    while (!isFound(index) && (await readPage()));
    return index;
  }

  /** The list by which a grant may count as missing. */
  async function certainList(withAddresses = false): Promise<GrantIndex> {
    const current = currentListing();
    current.certain ??= makeCertain(current);
    await current.certain;
    if (withAddresses) {
      current.addresses ??= askForAddresses(current);
      await current.addresses;
    }
    return current.index;
  }

  async function makeCertain(current: Listing): Promise<void> {
    const { index } = current;
    try {
      while (await current.readPage());
      const known = { grants: [...index.byId.values()], unreadable: index.unreadable };
      const { grants, unreadable } = await listCertainly(client, known, (id) => entered.byId.has(id));
      for (const grant of grants) addTo(index, grant);
      index.unreadable = unreadable;
      latestCertain = index;
      notifyUnreadable(unreadable);
    } catch (error) {
      if (listing === current) listing = undefined;
      throw error;
    }
  }

  /** Requests the grants that the list shows without an address: one of them may be the mailbox that is looked up. */
  async function askForAddresses(current: Listing): Promise<void> {
    const { index } = current;
    let silent = 0;
    try {
      for (const { id, email, provider } of [...index.byId.values()]) {
        if (email !== undefined || provider !== "imap" || isKnown(id)) continue;
        const grant = await findGrant(client, id);
        if (grant?.email !== undefined) addTo(index, grant);
        else silent += 1;
        if (silent === MAX_REQUESTS_WITHOUT_ADDRESS) return;
      }
    } catch (error) {
      if (listing === current) listing = undefined;
      throw error;
    }
  }

  function currentListing(): Listing {
    if (listing === undefined || listing.hasFailed() || performance.now() - listing.begunAt >= MAX_AGE_MS) {
      listing = startListing(readablePages(client));
    }
    return listing;
  }

  /** Shows a notice once, although a long run lists the grants repeatedly. */
  function notifyUnreadable(unreadable: readonly UnreadableGrant[]): void {
    if (unreadable.length === 0) return;
    const text = `the list of grants: ${describeUnreadable(unreadable)}; other grants are not affected`;
    if (text !== lastNotice) client.notices.notify(text);
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
  /** Resolves once other readings agree with it. */
  certain?: Promise<void>;
  /** Resolves once the grants without an address have been requested. */
  addresses?: Promise<void>;
}

function startListing(pages: AsyncGenerator<GrantList, void>): Listing {
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
      return true;
    } catch (error) {
      // Keeps the rejected promise: after an error the generator answers as after its last page.
      failed = true;
      throw error;
    }
  }
}

function emptyIndex(): GrantIndex {
  return { byId: new Map(), byEmail: new Map(), unreadable: [] };
}

function addTo(index: GrantIndex, grant: Grant): void {
  index.byId.set(grant.id, grant);
  if (grant.email !== undefined) index.byEmail.set(mailboxKey(grant.email), grant);
}
