import * as v from "valibot";
import { areTwoMailboxes, isAddress } from "../address.js";
import { AccessError, InvalidInputError, NylasError, UnexpectedResponseError } from "../errors.js";
import type { NylasClient } from "./client.js";
import { type GrantList, listCertainly } from "./grant-list.js";
import {
  DeletedWire,
  type Grant,
  GrantId,
  GrantWire,
  type GrantWithServers,
  GrantWithServersWire,
  single,
} from "./wire.js";

/** The mailbox settings for `POST /v3/connect/custom`. */
export interface MailboxCredentials {
  imapUsername: string;
  imapPassword: string;
  imapHost: string;
  imapPort: number;
  smtpHost?: string | undefined;
  smtpPort?: number | undefined;
  smtpUsername?: string | undefined;
  smtpPassword?: string | undefined;
}

/**
 * Creates the mailbox's grant, or re-authenticates an existing one: Nylas keeps one grant per address and application. An
 * answer with another address is refused unless it is about `expectedId` or has the `state` that was sent. `onSuccess` is told when the
 * request was sent that did it.
 *
 * @see https://developer.nylas.com/docs/reference/api/manage-grants/byo_auth/
 */
export async function authenticateMailbox(
  client: NylasClient,
  mailbox: MailboxCredentials,
  state: string | undefined,
  expectedId?: string,
  onSuccess?: (sentAt: number) => void,
): Promise<Grant> {
  const operation = `Authenticating mailbox ${mailbox.imapUsername} at ${mailbox.imapHost}:${mailbox.imapPort}`;
  const { data: grant } = await client.request({
    operation,
    method: "POST",
    path: "v3/connect/custom",
    // JSON.stringify leaves out undefined properties.
    json: { provider: "imap", state, settings: settingsOf(mailbox) },
    secrets: [mailbox.imapPassword, mailbox.smtpPassword ?? ""],
    isLogin: true,
    ...(onSuccess === undefined ? {} : { onSuccess }),
    schema: single(GrantWire),
  });
  if (grant.email !== undefined && areTwoMailboxes(grant.email, mailbox.imapUsername)) {
    const isExpected = grant.id === expectedId || (state !== undefined && grant.state === state);
    // A proxy may have mixed up answers: only its id or the state that was just sent shows what the answer is about.
    if (!isExpected) throw otherAnswer(operation, `grant ${grant.id} of another mailbox`);
    client.notices.notify(
      `Nylas shows the address ${grant.email} for mailbox ${mailbox.imapUsername} (grant ${grant.id}): both open one mailbox`,
    );
  }
  if (!isAddress(mailbox.imapUsername)) {
    const address = grant.email === undefined ? "no e-mail address" : `the e-mail address ${grant.email}`;
    client.notices.notify(
      `imapUsername ${mailbox.imapUsername} is a log-in name and no e-mail address; the mail server has accepted it, and ` +
        `Nylas shows ${address} for grant ${grant.id}`,
    );
  }
  return grant;
}

/** Nylas's names of the IMAP settings. */
const WIRE_NAMES = {
  imapUsername: "imap_username",
  imapPassword: "imap_password",
  imapHost: "imap_host",
  imapPort: "imap_port",
  smtpHost: "smtp_host",
  smtpPort: "smtp_port",
  smtpUsername: "smtp_username",
  smtpPassword: "smtp_password",
} as const satisfies Record<keyof MailboxCredentials, string>;

function settingsOf(mailbox: MailboxCredentials): Record<string, string | number | undefined> {
  return Object.fromEntries(
    Object.entries(WIRE_NAMES).map(([name, wire]) => [wire, mailbox[name as keyof MailboxCredentials]]),
  );
}

/**
 * Returns the grant, or `undefined` if it does not exist. Errors name the mailbox if the caller passes it. `list` is the list
 * that decides if Nylas refuses the request.
 */
export async function findGrant(
  client: NylasClient,
  grantId: string,
  mailbox?: string,
  list: () => Promise<GrantList> = () => listCertainly(client),
): Promise<Grant | undefined> {
  const operation = readingGrant(grantId, mailbox);
  const path = grantPath(operation, grantId);
  // Outside of the `try`: a refusal of the application is about the key.
  await client.application();
  let answer: { data: Grant } | undefined;
  try {
    answer = await client.requestIfExists({ operation, method: "GET", path, schema: single(GrantWire) });
  } catch (error) {
    return listedDespite(list, grantId, error);
  }
  if (answer === undefined) return undefined;
  const { data: grant } = answer;
  if (grant.id !== grantId) throw otherAnswer(operation, `grant ${grant.id}`);
  return grant;
}

/** A grant that exists, with its mail servers if Nylas tells them. */
export async function readGrantWithServers(client: NylasClient, grantId: string): Promise<GrantWithServers> {
  const operation = `Reading the mail servers of grant ${grantId}`;
  const path = grantPath(operation, grantId);
  const { data } = await client.request({ operation, method: "GET", path, schema: single(GrantWithServersWire) });
  return data;
}

/**
 * Nylas may answer 401 or 403 instead of 404 for a grant that is deleted or of another application. The complete list tells
 * whether the grant exists; if it is refused too, the refusal was about the key. Throws what tells nothing about the grant.
 *
 * @see https://developer.nylas.com/docs/v3/auth/troubleshooting/
 */
async function listedDespite(
  list: () => Promise<GrantList>,
  grantId: string,
  refusal: unknown,
): Promise<Grant | undefined> {
  if (!(refusal instanceof NylasError && (refusal.status === 401 || refusal.status === 403))) throw refusal;
  const { grants, unreadable } = await list().catch((error) => {
    throw error instanceof AccessError ? refusal : error;
  });
  if (unreadable.some(({ id }) => id === undefined || id === grantId)) throw refusal;
  return grants.find(({ id }) => id === grantId);
}

export function readingGrant(grantId: string, mailbox: string | undefined): string {
  return `Reading grant ${grantId}${mailbox === undefined ? "" : ` of ${mailbox}`}`;
}

/** The answer is about another object than the request. */
export function otherAnswer(operation: string, about: string): UnexpectedResponseError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation,
    answer: `Nylas answered with ${about}; the answer was not used`,
    remedy: "check that apiUri points at Nylas or its emulator, and that no proxy caches its answers; then run again",
  });
}

/** The path of a grant. Throws for an invalid id: one such as `..` would change the path. */
function grantPath(operation: string, grantId: string): string {
  if (v.is(GrantId, grantId)) return `v3/grants/${grantId}`;
  throw new InvalidInputError({
    code: "invalid_input",
    operation,
    answer: "this is not the id of a grant; nothing was sent",
    remedy:
      "give the id as the Nylas dashboard or listGrants() shows it: up to 128 letters, digits, hyphens and underscores",
  });
}

/**
 * Deletes the grant. Cannot be undone: the mailbox's object ids are lost. Returns Nylas's refusal if it knew no such grant, and
 * no attempt before may have deleted it.
 */
export async function deleteGrant(client: NylasClient, grantId: string): Promise<NylasError | undefined> {
  const operation = `Deleting grant ${grantId}`;
  const path = grantPath(operation, grantId);
  await client.application();
  try {
    await client.request({ operation, method: "DELETE", path, schema: DeletedWire });
    return undefined;
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    const isAbsent = error.status === 404;
    // Another attempt whose answer was lost may have deleted it.
    if (!isAbsent && (await isListedDespite(client, grantId, error))) throw error;
    return error.mayHaveTakenEffect ? undefined : error;
  }
}

/** Whether the complete list has a grant that could not be deleted. If that cannot be told and the deletion may have worked, its error says so. */
async function isListedDespite(client: NylasClient, grantId: string, refusal: NylasError): Promise<boolean> {
  try {
    return (await listedDespite(() => listCertainly(client), grantId, refusal)) !== undefined;
  } catch (error) {
    throw refusal.mayHaveTakenEffect ? refusal : error;
  }
}

/** Lists one message, to check that Nylas can read the mailbox. */
export async function probeMailbox(client: NylasClient, grantId: string, email: string): Promise<void> {
  const operation = `Listing one message of mailbox ${email} (grant ${grantId})`;
  await client.request({
    operation,
    method: "GET",
    path: `${grantPath(operation, grantId)}/messages`,
    query: { limit: 1 },
    schema: v.object({ data: v.array(v.unknown()) }),
  });
}
