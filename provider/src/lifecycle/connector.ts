import * as v from "valibot";
import { notify } from "../notify.js";
import type { NylasClient } from "../nylas/client.js";
import { createConnector, deleteConnector, findConnector, renameConnector } from "../nylas/connectors.js";
import { AlreadyExistsError, ConnectorError, NylasError, UnexpectedResponseError } from "../nylas/errors.js";
import { listAllGrants } from "../nylas/grants.js";
import type { Connector, Grant } from "../nylas/wire.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { applicationName, flag, isUnknown, oneOf, type Properties, text, validate } from "../validate.js";
import { sameApplication } from "./application.js";
import { connectorJournal, type Journal } from "./journal.js";
import { asText, changed, type Lifecycle, pick, type Values } from "./lifecycle.js";
import { parseMarker } from "./ownership.js";

/** A connector is known by its provider: there is one per provider and application. */
const CONNECTOR_ID = "imap";

const entries = {
  name: v.optional(text),
  onExisting: v.optional(oneOf(["fail", "adopt"]), "fail"),
  deleteAdopted: v.optional(flag, false),
  forceDelete: v.optional(flag, false),
  application: v.optional(applicationName, DEFAULT_APPLICATION),
  owner: v.optional(text),
};

const schema = v.object(entries);
const argumentNames = Object.keys(entries);
const defaults: Values = v.getDefaults(schema);
const properties: Properties = { schemas: entries, required: [], secret: [], hidden: ["owner"] };

/** The application's IMAP connector, which all its IMAP grants hang on. */
export const connectorLifecycle: Lifecycle = {
  secrets: [],

  check(given) {
    const inputs = pick(given, Object.keys(given));
    return { inputs, failures: validate(properties, inputs) };
  },

  diff(olds, news) {
    const moved = !isUnknown(news.application) && changed(olds, news, ["application"], defaults).length > 0;
    const flags = changed(olds, news, ["onExisting", "deleteAdopted", "forceDelete"], defaults).length > 0;
    return { changes: moved || flags || needsRename(olds, news), replaces: moved ? ["application"] : [] };
  },

  async create(run, inputs) {
    const args = v.parse(schema, pick(inputs, argumentNames));
    const { applicationId } = await run.client.application();
    const journal = connectorJournal(applicationId, args.owner);
    const found = await findConnector(run.client);
    if (found === undefined) {
      const made = await make(run.client, args.name, journal);
      return { id: CONNECTOR_ID, outs: state(inputs, made, false, applicationId) };
    }
    const adopted = !journal.has();
    if (adopted && args.onExisting !== "adopt") throw connectorExists(run.client, found);
    const named = await rename(run.client, found, args.name);
    return { id: CONNECTOR_ID, outs: state(inputs, named, adopted, applicationId) };
  },

  async read(run, id, props) {
    const applicationId = await sameApplication(run.client, props.applicationId, "Reading the IMAP connector");
    const connector = id === CONNECTOR_ID ? await findConnector(run.client) : undefined;
    if (connector === undefined) {
      if (props.provider === undefined) throw noSuchConnector(run.client, id);
      connectorJournal(applicationId, asText(props.owner)).forget();
      notify("the IMAP connector was deleted outside of Pulumi; the next `up` makes another one");
      return undefined;
    }
    const seen = connector.name === props.name ? pick(props, ["requestedName"]) : {};
    const outs = { ...props, requestedName: undefined, ...seen, ...facts(connector), applicationId };
    return { inputs: pick(props, argumentNames), outs };
  },

  async update(run, _id, olds, news) {
    if (!needsRename(olds, news)) {
      const kept = pick(olds, ["provider", "name", "requestedName", "adopted", "applicationId"]);
      return { ...pick(news, argumentNames), ...kept };
    }
    const applicationId = await sameApplication(run.client, olds.applicationId, "Renaming the IMAP connector");
    const connector = await renameConnector(run.client, String(news.name));
    return state(news, connector, olds.adopted === true, applicationId);
  },

  async delete(run, _id, props) {
    if (props.adopted === true && props.deleteAdopted !== true) {
      notify("the IMAP connector was adopted and stays at Nylas (deleteAdopted: true would delete it)");
      return;
    }
    const applicationId = await sameApplication(run.client, props.applicationId, "Deleting the IMAP connector");
    if (props.forceDelete !== true) {
      const grants = (await listAllGrants(run.client)).filter(
        (grant) => grant.provider === CONNECTOR_ID && !run.deletedGrants.has(grant.id),
      );
      if (grants.length > 0) throw connectorInUse(grants);
    }
    await deleteConnector(run.client);
    connectorJournal(applicationId, asText(props.owner)).forget();
  },
};

/** The name is declared and is not the one Nylas has, nor one that Nylas was asked for and did not take over. */
function needsRename(olds: Values, news: Values): boolean {
  return news.name !== undefined && news.name !== olds.name && news.name !== olds.requestedName;
}

async function make(client: NylasClient, name: string | undefined, journal: Journal): Promise<Connector> {
  journal.note();
  try {
    return (await createConnector(client, name)).value;
  } catch (error) {
    if (!(error instanceof NylasError) || error.status === undefined || error.status >= 500) throw error;
    const found = error.status === 400 || error.status === 409 ? await findConnector(client) : undefined;
    // It was not there a moment ago. If the request was sent more than once, the first one made it and its answer was lost.
    if (found !== undefined && (error.attempts ?? 1) > 1) return rename(client, found, name);
    journal.forget();
    throw found === undefined ? error : connectorExists(client, found);
  }
}

async function rename(client: NylasClient, connector: Connector, name: string | undefined): Promise<Connector> {
  return name === undefined || name === connector.name ? connector : renameConnector(client, name);
}

function state(inputs: Values, connector: Connector, adopted: boolean, applicationId: string): Values {
  const declared = pick(inputs, argumentNames);
  const ignored = declared.name !== undefined && declared.name !== connector.name;
  // Whether Nylas takes a name for this connector is not documented: remember the wish, so that it is not sent for ever.
  return {
    ...declared,
    ...facts(connector),
    ...(ignored ? { requestedName: declared.name } : {}),
    adopted,
    applicationId,
  };
}

function facts(connector: Connector): Values {
  return { provider: connector.provider, ...(connector.name === undefined ? {} : { name: connector.name }) };
}

function connectorExists(client: NylasClient, found: Connector): AlreadyExistsError {
  const name = found.name === undefined ? "" : ` named "${found.name}"`;
  return new AlreadyExistsError({
    code: "connector_exists",
    operation: `Creating the IMAP connector of application "${client.settings.application}"`,
    answer: `the application has an IMAP connector${name} already, and Nylas allows one. Nothing was changed`,
    remedy:
      'set onExisting: "adopt" to take it over (it then stays at destroy), or leave it to its owner and pass connector: "imap" to the grants',
  });
}

function connectorInUse(grants: readonly Grant[]): ConnectorError {
  const marked = grants.filter((grant) => parseMarker(grant.state) !== undefined).length;
  const count = grants.length === 1 ? "1 grant hangs" : `${grants.length} grants hang`;
  return new ConnectorError({
    code: "connector_in_use",
    operation: "Deleting the IMAP connector",
    answer: `${count} on it (${marked} made with this package, ${grants.length - marked} not) and would stop working at once. Nothing was changed`,
    remedy:
      "delete those grants first, keep the connector (retainOnDelete), or accept the loss with forceDelete: true and `up`",
  });
}

function noSuchConnector(client: NylasClient, id: string): NylasError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation: `Looking up connector "${id}"`,
    answer: `application "${client.settings.application}" has no such connector; its id is "${CONNECTOR_ID}"`,
    status: 404,
    remedy: "check the id, the API key's application and the region",
  });
}
