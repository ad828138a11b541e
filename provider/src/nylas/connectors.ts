import * as v from "valibot";
import type { NylasClient } from "./client.js";
import { type Connector, ConnectorWire, single } from "./wire.js";

const PATH = "v3/connectors/imap";

/** The application's IMAP connector, or `undefined`: there is at most one. */
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

/** PATCH, as the contract and every client but the Node SDK do. */
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

/** Deletes the connector, and with it, after Nylas's grace period, every grant on it. */
export async function deleteConnector(client: NylasClient): Promise<void> {
  await client.requestIfExists({
    operation: "Deleting the IMAP connector",
    method: "DELETE",
    path: PATH,
    schema: v.unknown(),
  });
}
