import * as v from "valibot";
import { type Answer, type NylasClient, unlessMissing } from "./client.js";
import { type Connector, ConnectorWire, single } from "./wire.js";

const PATH = "/v3/connectors/imap";

/** The application's IMAP connector, or `undefined`: there is at most one. */
export async function findConnector(client: NylasClient): Promise<Connector | undefined> {
  return unlessMissing(async () => {
    const answer = await client.request({
      operation: "Reading the IMAP connector",
      method: "GET",
      path: PATH,
      schema: single(ConnectorWire),
    });
    return answer.value.data;
  });
}

/** @see https://developer.nylas.com/docs/reference/api/connectors-integrations/create_connector/ */
export async function createConnector(client: NylasClient, name: string | undefined): Promise<Answer<Connector>> {
  const answer = await client.request({
    operation: "Creating the IMAP connector",
    method: "POST",
    path: "/v3/connectors",
    json: { provider: "imap", ...(name === undefined ? {} : { name }) },
    schema: single(ConnectorWire),
  });
  return { value: answer.value.data, attempts: answer.attempts };
}

/** PATCH, as the contract and every client but the Node SDK do. */
export async function renameConnector(client: NylasClient, name: string): Promise<Connector> {
  const answer = await client.request({
    operation: "Renaming the IMAP connector",
    method: "PATCH",
    path: PATH,
    json: { name },
    schema: single(ConnectorWire),
  });
  return answer.value.data;
}

/** Deletes the connector, and with it, after Nylas's grace period, every grant on it. */
export async function deleteConnector(client: NylasClient): Promise<void> {
  await unlessMissing(() =>
    client.request({ operation: "Deleting the IMAP connector", method: "DELETE", path: PATH, schema: v.unknown() }),
  );
}
