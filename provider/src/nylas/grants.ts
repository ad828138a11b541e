import * as v from "valibot";
import { type Answer, type NylasClient, unlessMissing } from "./client.js";
import { type Grant, GrantWire, page, single } from "./wire.js";

/** Grants per page; Nylas's own maximum. */
export const GRANTS_PER_PAGE = 200;
/** Pages read at most: 100,000 grants. */
const MAX_PAGES = 500;

/** What `POST /v3/connect/custom` is told about a mailbox. */
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
 * Makes the mailbox's grant, or re-authenticates the one that its address has: Nylas keeps one per address and application.
 *
 * @see https://developer.nylas.com/docs/reference/api/manage-grants/byo_auth/
 */
export async function authenticateMailbox(
  client: NylasClient,
  mailbox: MailboxCredentials,
  state: string | undefined,
): Promise<Answer<Grant>> {
  const answer = await client.request({
    operation: `Authenticating mailbox ${mailbox.imapUsername} at ${mailbox.imapHost}:${mailbox.imapPort}`,
    method: "POST",
    path: "/v3/connect/custom",
    json: {
      provider: "imap",
      ...(state === undefined ? {} : { state }),
      settings: {
        imap_username: mailbox.imapUsername,
        imap_password: mailbox.imapPassword,
        imap_host: mailbox.imapHost,
        imap_port: mailbox.imapPort,
        ...(mailbox.smtpHost === undefined ? {} : { smtp_host: mailbox.smtpHost }),
        ...(mailbox.smtpPort === undefined ? {} : { smtp_port: mailbox.smtpPort }),
        ...(mailbox.smtpUsername === undefined ? {} : { smtp_username: mailbox.smtpUsername }),
        ...(mailbox.smtpPassword === undefined ? {} : { smtp_password: mailbox.smtpPassword }),
      },
    },
    secrets: [mailbox.imapPassword, mailbox.smtpPassword ?? ""],
    schema: single(GrantWire),
  });
  return { value: answer.value.data, attempts: answer.attempts };
}

/** The grant, or `undefined` when Nylas says 404. */
export async function findGrant(client: NylasClient, grantId: string): Promise<Grant | undefined> {
  return unlessMissing(async () => {
    const answer = await client.request({
      operation: `Reading grant ${grantId}`,
      method: "GET",
      path: `/v3/grants/${encodeURIComponent(grantId)}`,
      schema: single(GrantWire),
    });
    return answer.value.data;
  });
}

/** Every grant of the application, unfiltered: Nylas's filtered lists have been seen to lag by more than a minute. */
export async function listAllGrants(client: NylasClient): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (let pageNumber = 0; pageNumber < MAX_PAGES; pageNumber += 1) {
    const answer = await client.request({
      operation: "Listing the application's grants",
      method: "GET",
      path: "/v3/grants",
      // Oldest first: a grant that is made meanwhile comes at the end and shifts no page.
      query: { limit: GRANTS_PER_PAGE, offset: grants.length, sort_by: "created_at", order_by: "asc" },
      schema: page(GrantWire),
    });
    grants.push(...answer.value.data);
    const pageSize = Math.min(GRANTS_PER_PAGE, answer.value.limit ?? GRANTS_PER_PAGE);
    if (answer.value.data.length < pageSize || answer.value.data.length === 0) break;
  }
  return grants;
}

/** Deletes the grant; `false` when it was gone already. Final: the mailbox's object ids die with it. */
export async function deleteGrant(client: NylasClient, grantId: string): Promise<boolean> {
  const deleted = await unlessMissing(() =>
    client.request({
      operation: `Deleting grant ${grantId}`,
      method: "DELETE",
      path: `/v3/grants/${encodeURIComponent(grantId)}`,
      schema: v.unknown(),
    }),
  );
  return deleted !== undefined;
}

/** Lists one message: proves that Nylas can use the grant. */
export async function probeMailbox(client: NylasClient, grantId: string, email: string): Promise<void> {
  await client.request({
    operation: `Listing one message of mailbox ${email} (grant ${grantId})`,
    method: "GET",
    path: `/v3/grants/${encodeURIComponent(grantId)}/messages`,
    query: { limit: 1 },
    schema: v.object({ data: v.array(v.unknown()) }),
  });
}
