import { randomUUID } from "node:crypto";
import Nylas from "nylas";
import { Patience } from "./patience.mjs";

const GRANTS_PER_PAGE = 200;
const MESSAGES_PER_PAGE = 200;
/** In seconds; the SDK's own is 90. */
const TIMEOUT_SECONDS = 30;
const WORKERS = 4;

/**
 * @typedef {object} Job
 * @property {string} apiKey
 * @property {string} apiUri
 * @property {string} from The connected mailbox that sends the digest.
 * @property {string} to Who reads it.
 * @property {number} [workers] Mailboxes that are read at once.
 * @property {ConstructorParameters<typeof Patience>[0]} [patience]
 */

/**
 * @typedef {object} Mailbox
 * @property {string} email
 * @property {string[]} unread Subjects.
 * @property {string} [problem] Why the unread messages are not known.
 */

/**
 * Mails one list of all unread messages in all mailboxes. A mailbox that cannot be read is named in it, not left out.
 * @param {Job} job
 */
export async function sendDigest({ apiKey, apiUri, from, to, workers = WORKERS, patience: options }) {
  const nylas = new Nylas({ apiKey, apiUri, timeout: TIMEOUT_SECONDS });
  // One for all requests: the limit that they may hit is one for the whole application.
  const patience = new Patience(options);

  const grants = await listGrants(nylas, patience);
  const mailboxes = await forEach(grants, workers, (grant) => readMailbox(nylas, patience, grant));
  const requestBody = {
    to: [{ email: to }],
    subject: `Unread messages in ${mailboxes.length} mailboxes`,
    body: mailboxes.map(section).join("\n"),
  };
  // Nylas sends once per key, so repeating after a lost answer is safe and returns the first result.
  const overrides = { headers: { "Idempotency-Key": randomUUID() } };
  await patience.of(() => nylas.messages.send({ identifier: from, requestBody, overrides }));

  return {
    mailboxes: mailboxes.length,
    unread: mailboxes.reduce((sum, { unread }) => sum + unread.length, 0),
    missing: mailboxes.flatMap(({ email, problem }) => (problem === undefined ? [] : [{ email, problem }])),
  };
}

/** @param {Nylas} nylas @param {Patience} patience */
async function listGrants(nylas, patience) {
  const grants = [];
  for (let offset = 0; ; offset += GRANTS_PER_PAGE) {
    const queryParams = { limit: GRANTS_PER_PAGE, offset };
    const page = await patience.of(() => nylas.grants.list({ queryParams }));
    grants.push(...page.data);
    if (page.data.length < GRANTS_PER_PAGE) return grants;
  }
}

/**
 * @param {Nylas} nylas @param {Patience} patience
 * @param {{ id: string, email?: string }} grant
 * @returns {Promise<Mailbox>}
 */
async function readMailbox(nylas, patience, { id, email = id }) {
  /** @type {string[]} */
  const unread = [];
  /** @type {string | undefined} */
  let pageToken;
  try {
    do {
      const queryParams = { limit: MESSAGES_PER_PAGE, unread: true, ...(pageToken === undefined ? {} : { pageToken }) };
      const page = await patience.of(async () => nylas.messages.list({ identifier: id, queryParams }));
      for (const message of page.data) if (message.unread) unread.push(message.subject ?? "(no subject)");
      pageToken = page.nextCursor;
    } while (pageToken !== undefined);
    return { email, unread };
  } catch (error) {
    return { email, unread, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** @param {Mailbox} mailbox */
function section({ email, unread, problem }) {
  const lines = unread.map((subject) => `<li>${escaped(subject)}</li>`).join("");
  const note = problem === undefined ? "" : `<p>Could not be read: ${escaped(problem)}</p>`;
  return `<h2>${escaped(email)}: ${unread.length}</h2>${note}<ul>${lines}</ul>`;
}

/** Subjects are written by strangers. @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Runs `work` on up to `workers` items at once; the results keep the order of the items.
 * @template Item, Result
 * @param {Item[]} items @param {number} workers @param {(item: Item) => Promise<Result>} work
 * @returns {Promise<Result[]>}
 */
async function forEach(items, workers, work) {
  /** @type {Result[]} */
  const results = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return results;
}
