import type { NylasClient } from "./client.js";
import { type Connector, ConnectorWire, DeletedWire, single } from "./wire.js";

/** Nylas addresses a connector by its provider, and an application has at most one per provider. */
export const CONNECTOR_ID = "imap";

const PATH = "v3/connectors/imap";

/** Returns the application's IMAP connector, or `undefined` if it has none. It has at most one. */
export async function findConnector(client: NylasClient): Promise<Connector | undefined> {
  const answer = await client.requestIfExists({
    operation: "Reading the IMAP connector",
    method: "GET",
    path: PATH,
    schema: single(ConnectorWire),
  });
  return answer?.data;
}

/** @see https://developer.nylas.com/docs/reference/api/connectors-integrations/create_connector/ */
export async function createConnector(client: NylasClient, name: string | undefined): Promise<Connector> {
  const { data } = await client.request({
    operation: "Creating the IMAP connector",
    method: "POST",
    path: "v3/connectors",
    json: { provider: "imap", ...(name === undefined ? {} : { name }) },
    schema: single(ConnectorWire),
  });
  return data;
}

/** Renames the connector with PATCH, as Nylas's contract and all its SDKs but the one for Node do. */
export async function renameConnector(client: NylasClient, name: string): Promise<Connector> {
  const { data } = await client.request({
    operation: "Renaming the IMAP connector",
    method: "PATCH",
    path: PATH,
    json: { name },
    schema: single(ConnectorWire),
  });
  return data;
}

/** Deletes the connector. Nylas then also deletes every grant on it, after a grace period. */
export async function deleteConnector(client: NylasClient): Promise<void> {
  await client.requestIfExists({
    operation: "Deleting the IMAP connector",
    method: "DELETE",
    path: PATH,
    schema: DeletedWire,
  });
}
