import * as v from "valibot";
import { UnexpectedResponseError } from "../errors.js";
import type { NylasClient } from "./client.js";
import { CLOCK_TOLERANCE_MS } from "./server-clock.js";
import {
  type Grant,
  GrantWire,
  type GrantWithServers,
  GrantWithServersWire,
  page,
  type UnreadableGrant,
  UnreadableGrantWire,
} from "./wire.js";

/** Grants per page; the maximum that Nylas allows. */
const GRANTS_PER_PAGE = 200;
/** Most pages that are read: 100,000 grants. */
const MAX_PAGES = 500;
/**
 * Grants of a page that the next request asks for again. A deletion between two requests moves the later grants towards the
 * front; up to this many move none of them out of sight, and more are noticed.
 */
const OVERLAP = 20;
/** Most times that a list is read until two readings agree. */
const MAX_READINGS = 5;
/** Most ids that a message about several grants lists. */
const MAX_NAMED_IDS = 3;

const OPERATION = "Listing the application's grants";

export interface GrantList<G = Grant> {
  grants: G[];
  unreadable: UnreadableGrant[];
}

/**
 * Lists the application's grants without a filter, because Nylas's filtered lists have been observed to lag by more than a
 * minute. Entries that break the contract are returned separately, so that they fail only operations on those grants.
 */
export function listReadableGrants(client: NylasClient): Promise<GrantList> {
  return readOnce(client, GrantWire);
}

/** Like `listReadableGrants`, with the mail servers that Nylas shows. */
export function listGrantsWithServers(client: NylasClient): Promise<GrantList<GrantWithServers>> {
  return readOnce(client, GrantWithServersWire);
}

/**
 * The pages of the list, each requested when the caller asks for it. They show which grants exist, and not which do not: a
 * deletion between two requests moves a grant from the next page to one that was read. An error ends the iteration.
 */
export function readablePages(client: NylasClient): AsyncGenerator<GrantList, void> {
  return pagesOf(client, GrantWire, 0);
}

/**
 * Lists the application's grants so completely that a grant which is not in the list does not exist. Reads the list until a reading shows
 * no grant that the earlier ones should have shown, and returns the grants of all readings. Throws `unexpected_response` after
 * `MAX_READINGS`. `known` counts as the first one. `isOurs` recognizes grants that this run creates meanwhile.
 */
export async function listCertainly(
  client: NylasClient,
  known?: GrantList,
  isOurs: (grantId: string) => boolean = () => false,
): Promise<GrantList> {
  let list = known ?? (await readOnce(client, GrantWire));
  for (let readings = 2; readings <= MAX_READINGS; readings += 1) {
    const again = await readOnce(client, GrantWire);
    const agreed = !hasMissed(list, again, isOurs);
    list = union(list, again);
    if (agreed) return list;
  }
  throw incompleteList(`${MAX_READINGS} readings show other grants each time`);
}

/** Whether an earlier reading should have shown a grant of this one: not a grant that was created after all others. */
function hasMissed(earlier: GrantList, again: GrantList, isOurs: (grantId: string) => boolean): boolean {
  const ids = new Set(idsOf(earlier));
  const newest = earlier.grants.reduce((latest, { createdAt }) => (createdAt > latest ? createdAt : latest), "");
  const added = again.grants.filter(({ id }) => !ids.has(id) && !isOurs(id));
  const isNew = (grant: Grant) => newest !== "" && grant.createdAt >= newest;
  return !added.every(isNew) || idsOf({ grants: [], unreadable: again.unreadable }).some((id) => !ids.has(id));
}

function union(earlier: GrantList, again: GrantList): GrantList {
  const ids = new Set(idsOf(again));
  const isGone = ({ id }: { id?: string | undefined }) => id !== undefined && !ids.has(id);
  return {
    grants: [...earlier.grants.filter(isGone), ...again.grants],
    unreadable: [...earlier.unreadable.filter(isGone), ...again.unreadable],
  };
}

function idsOf({ grants, unreadable }: GrantList): string[] {
  return [...grants, ...unreadable].flatMap(({ id }) => id ?? []);
}

/** Deletions have moved more grants than two pages overlap, or the list has another order at each request. */
class Shifted extends Error {}

/** Reads the list to a page without further grants. Starts again if grants may have moved out of sight. */
async function readOnce<G extends Grant>(
  client: NylasClient,
  wire: v.GenericSchema<unknown, G>,
): Promise<GrantList<G>> {
  for (let attempts = 1; attempts <= MAX_READINGS; attempts += 1) {
    try {
      const list: GrantList<G> = { grants: [], unreadable: [] };
      for await (const { grants, unreadable } of pagesOf(client, wire, OVERLAP)) {
        list.grants.push(...grants);
        list.unreadable.push(...unreadable);
      }
      return list;
    } catch (error) {
      if (!(error instanceof Shifted)) throw error;
    }
  }
  throw incompleteList(`grants move between its pages, in ${MAX_READINGS} readings`);
}

/**
 * Each page asks for `overlap` grants of the one before again; throws `Shifted` if it has none of them. A page that is shorter
 * than asked for is not the last one: a server may have its own limit, whatever its answer says. Only a page without further
 * grants is.
 */
async function* pagesOf<G extends Grant>(
  client: NylasClient,
  wire: v.GenericSchema<unknown, G>,
  overlap: number,
): AsyncGenerator<GrantList<G>, void> {
  const seen = new Set<string>();
  let first: string | undefined;
  let offset = 0;
  let repeated = 0;
  let begunAt: number | undefined;
  for (let pageNumber = 1; pageNumber <= MAX_PAGES; pageNumber += 1) {
    const { data } = await client.request({
      operation: OPERATION,
      method: "GET",
      path: "v3/grants",
      // Oldest first: a grant that is created meanwhile is added at the end and shifts no page.
      query: { limit: GRANTS_PER_PAGE, offset, sort_by: "created_at", order_by: "asc" },
      schema: page(v.unknown()),
    });
    const entries = data.map((entry) => ({ key: keyOf(entry), entry }));
    if (repeated > 0 && !entries.some(({ key }) => seen.has(key))) throw new Shifted();
    const known = seen.size;
    const list: GrantList<G> = { grants: [], unreadable: [] };
    // Unless another page has had it: pages overlap, and grants of the same second have no fixed order.
    for (const { key, entry } of entries) {
      if (!seen.has(key)) addEntry(list, entry, wire);
      seen.add(key);
    }
    if (seen.size === known) {
      if (entries.length <= repeated) return;
      if (entries[0]?.key === first) throw incompleteList(`page ${pageNumber} repeats others`);
      if (overlap > 0) throw new Shifted();
    }
    first ??= entries[0]?.key;
    yield list;
    begunAt ??= client.now();
    if (begunAt !== undefined && areAllNew(list, begunAt)) return;
    repeated = Math.min(overlap, Math.max(0, data.length - 1));
    offset += data.length - repeated;
  }
  throw incompleteList(`it does not end after ${MAX_PAGES} pages`);
}

/** Whether all grants of a page were created since the reading began: a run that creates many would otherwise prolong it. */
function areAllNew({ grants, unreadable }: GrantList, begunAt: number): boolean {
  const isNew = ({ createdAt }: Grant) => Date.parse(createdAt) > begunAt + CLOCK_TOLERANCE_MS;
  return grants.length > 0 && unreadable.length === 0 && grants.every(isNew);
}

/**
 * Lists all grants of the application. Throws if an unreadable one may be on the IMAP connector: the caller is about to delete
 * the connector, which would delete that grant too.
 */
export async function listAllGrants(client: NylasClient): Promise<Grant[]> {
  const { grants, unreadable } = await listCertainly(client);
  const relevant = unreadable.filter(mayBeImap);
  if (relevant.length === 0) return grants;
  throw new UnexpectedResponseError({
    code: "unexpected_response",
    operation: OPERATION,
    answer: describeUnreadable(relevant),
    remedy: "delete these grants in the Nylas dashboard if nobody needs them, or report them to Nylas; then run again",
  });
}

/** Describes unreadable grants: their number, and the first ids. Does not quote an invalid id. */
export function describeUnreadable(unreadable: readonly UnreadableGrant[]): string {
  const named = unreadable
    .slice(0, MAX_NAMED_IDS)
    .map(({ id, fields }) => `${id ?? "one without a valid id"}: ${fields}`);
  const more = unreadable.length - named.length;
  const count = unreadable.length === 1 ? "1 grant is" : `${unreadable.length} grants are`;
  return `${count} not what Nylas's contract promises (${named.join("; ")}${more === 0 ? "" : `; and ${more} more`})`;
}

/** Whether an entry that breaks the contract is of a mailbox that this package may manage. */
export function mayBeImap({ provider }: UnreadableGrant): boolean {
  return provider === undefined || provider === "imap";
}

/** Identifies an entry within a reading. */
function keyOf(entry: unknown): string {
  return v.parse(UnreadableGrantWire, entry).id ?? JSON.stringify(entry);
}

function addEntry<G>(list: GrantList<G>, entry: unknown, wire: v.GenericSchema<unknown, G>): void {
  const parsed = v.safeParse(wire, entry);
  if (parsed.success) {
    list.grants.push(parsed.output);
    return;
  }
  const fields = parsed.issues.map((issue) => v.getDotPath(issue) ?? "the entry").join(", ");
  list.unreadable.push({ ...v.parse(UnreadableGrantWire, entry), fields });
}

function incompleteList(answer: string): UnexpectedResponseError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation: OPERATION,
    answer: `the list is not complete: ${answer}`,
    remedy: "check that apiUri points at Nylas or its emulator, and that no proxy caches its answers; then run again",
  });
}
