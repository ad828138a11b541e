import { InvalidInputError, NotFoundError } from "../errors.js";
import type { NylasClient } from "../nylas/client.js";
import { findConnector } from "../nylas/connectors.js";
import { describeUnreadable, listReadableGrants } from "../nylas/grant-list.js";
import { findGrant } from "../nylas/grants.js";
import { findProvider } from "../nylas/providers.js";
import type { Connector, Grant } from "../nylas/wire.js";
import { adviceForAddress } from "../provider-advice.js";
import { createGrantDirectory } from "./grant-directory.js";

const CHECK =
  "check it, the API key's application and the region; the function listGrants of this package shows what there is";

/** The application's IMAP connector; throws `not_found` if it has none. `declare` is how a program declares one. */
export async function lookUpConnector(client: NylasClient, declare: string): Promise<Connector> {
  const connector = await findConnector(client);
  if (connector !== undefined) return connector;
  throw missing("Looking up the IMAP connector", "the application has none", `declare one with \`${declare}\``);
}

/** One grant, by its id or its address: exactly one of them. Throws `not_found` if there is none. */
export async function lookUpGrant(client: NylasClient, by: { id?: unknown; email?: unknown }) {
  const [id, email] = [given(by.id), given(by.email)];
  if ((id === undefined) === (email === undefined)) {
    throw new InvalidInputError({
      code: "invalid_input",
      operation: "Looking up a grant",
      answer: `${id === undefined ? "neither id nor email is" : "both id and email are"} given`,
      remedy: "give the grant's id, or the mailbox's address",
    });
  }
  const grant =
    id === undefined ? await createGrantDirectory(client).byEmail(email ?? "") : await findGrant(client, id);
  if (grant !== undefined) return result(grant);
  const wanted = id === undefined ? `the grant of ${email}` : `grant ${id}`;
  throw missing(`Looking up ${wanted}`, "the application has no such grant", CHECK);
}

/** The application's grants, oldest first. Filters the complete list, because Nylas's filtered lists lag behind. */
export async function lookUpGrants(
  client: NylasClient,
  { status, provider }: { status?: unknown; provider?: unknown },
) {
  const { grants, unreadable } = await listReadableGrants(client);
  if (unreadable.length > 0) client.notices.notify(`listGrants omits grants: ${describeUnreadable(unreadable)}`);
  return grants
    .filter((grant) => (status ?? grant.status) === grant.status && (provider ?? grant.provider) === grant.provider)
    .map(result);
}

/** The provider of an address, as Nylas detects it. */
export async function lookUpProvider(client: NylasClient, email: string) {
  const { detected = false, provider, type } = (await findProvider(client, email)) ?? {};
  return { detected, provider, type, advice: adviceForAddress(email, provider) };
}

function given(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function result({ id, provider, email, status, createdAt, updatedAt }: Grant) {
  return { grantId: id, provider, email, grantStatus: status, createdAt, updatedAt };
}

function missing(operation: string, answer: string, remedy: string): NotFoundError {
  return new NotFoundError({ code: "not_found", operation, answer, status: 404, remedy });
}
