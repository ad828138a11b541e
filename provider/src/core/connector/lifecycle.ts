import { ConnectorError, NotFoundError, NylasError } from "../../errors.js";
import type { NylasClient } from "../../nylas/client.js";
import {
  CONNECTOR_ID,
  createConnector,
  deleteConnector,
  findConnector,
  renameConnector,
} from "../../nylas/connectors.js";
import { listAllGrants } from "../../nylas/grant-list.js";
import type { Connector, Grant } from "../../nylas/wire.js";
import type { Lifecycle } from "../lifecycle.js";
import { connectorExists, isTaken, journalOf, ownerIn, takeFromOldName, wasTaken } from "../ownership/connector.js";
import type { Journal } from "../ownership/journal.js";
import { parseMarker, stackOfDigest } from "../ownership/marker.js";
import { replacing } from "../properties/validate.js";
import { asText, changed, pick, type Values } from "../properties/values.js";
import { sameApplication } from "../same-application.js";
import type { Run } from "../session.js";
import {
  CONNECTOR_ARGUMENTS,
  CONNECTOR_DEFAULTS,
  type ConnectorArguments,
  checkConnectorArguments,
  RECORDED_ARGUMENTS,
  REPLACING_ARGUMENTS,
  readConnectorArguments,
  TABLE,
} from "./properties.js";
import { type ConnectorOutputs, type HiddenOutputs, KEPT_OUTPUTS } from "./state.js";

/** Most grants that an error lists. */
const MAX_LISTED_GRANTS = 10;

/** The application's IMAP connector, which all its IMAP grants need. */
export const connectorLifecycle: Lifecycle = {
  properties: TABLE,

  check: checkConnectorArguments,

  diff(olds, news) {
    const replaces = replacing(olds, news, REPLACING_ARGUMENTS, CONNECTOR_DEFAULTS);
    return {
      changed: [
        ...replaces,
        ...changed(olds, news, RECORDED_ARGUMENTS, CONNECTOR_DEFAULTS),
        ...(needsRename(olds, news) ? ["name"] : []),
        ...(olds.heldElsewhere === true ? ["heldElsewhere"] : []),
      ],
      replaces,
    };
  },

  ownership(outs) {
    const [applicationId, owner] = [asText(outs.applicationId), ownerIn(outs)];
    return applicationId === undefined || owner === undefined ? undefined : { applicationId, owner };
  },

  async create(run, inputs) {
    const args = readConnectorArguments(inputs);
    const { applicationId } = await run.client.application();
    return run.exclusively(CONNECTOR_ID, async () => {
      const found = await findConnector(run.client);
      const owned = await createOrAdopt(run, args, found, applicationId);
      run.owners.record(CONNECTOR_ID, args.owner);
      return { id: CONNECTOR_ID, outs: state(inputs, owned, applicationId) };
    });
  },

  async read(given, id, props) {
    const { run, applicationId } = await sameApplication(given, props.applicationId, "Reading the IMAP connector");
    const connector = id === CONNECTOR_ID ? await findConnector(run.client) : undefined;
    if (connector === undefined) {
      if (props.provider === undefined) throw noSuchConnector(run.client, id);
      journalOf(run, applicationId).forget(ownerIn(props));
      run.host.notices.notify("the IMAP connector was deleted outside of Pulumi; the next `up` makes another one");
      return undefined;
    }
    const seen = connector.name === props.name ? pick(props, ["requestedName"]) : {};
    const heldElsewhere = wasTaken(journalOf(run, applicationId).read(), ownerIn(props)) ? true : undefined;
    if (heldElsewhere)
      run.host.notices.notify("the IMAP connector is held by another resource or stack; the next `up` says what to do");
    const outs = {
      ...props,
      requestedName: undefined,
      ...seen,
      ...connectorOutputs(connector),
      applicationId,
      heldElsewhere,
    };
    return { inputs: pick(props, CONNECTOR_ARGUMENTS), outs };
  },

  async update(given, _id, olds, news) {
    const renames = needsRename(olds, news);
    takeFromOldName(given, olds, news, renames);
    if (!renames) return { ...pick(news, CONNECTOR_ARGUMENTS), ...pick(olds, KEPT_OUTPUTS) };
    const { run, applicationId } = await sameApplication(given, olds.applicationId, "Renaming the IMAP connector");
    const connector = await renameConnector(run.client, String(news.name));
    const owned = { connector, adopted: olds.adopted === true };
    return state(news, owned, applicationId);
  },

  async delete(given, _id, props) {
    if (props.adopted === true && props.deleteAdopted !== true) {
      const applicationId = asText(props.applicationId);
      if (applicationId !== undefined) journalOf(given, applicationId).forget(ownerIn(props));
      given.host.notices.notify(
        "the IMAP connector was adopted and stays at Nylas (deleteAdopted: true would delete it)",
      );
      return;
    }
    const { run, applicationId } = await sameApplication(given, props.applicationId, "Deleting the IMAP connector");
    const journal = journalOf(run, applicationId);
    if (isTaken(run, props, applicationId)) {
      run.host.notices.notify("the IMAP connector stays at Nylas: another resource has adopted it");
      return;
    }
    if (props.forceDelete !== true) {
      const grants = (await listAllGrants(run.client)).filter(
        (grant) => grant.provider === CONNECTOR_ID && !run.directory.wasRemoved(grant.id),
      );
      if (grants.length > 0) throw connectorInUse(run, grants, asText(props.stack), given.owners.isReplaced(props));
    }
    await deleteConnector(run.client);
    run.owners.remove(CONNECTOR_ID);
    // The owner of the state, or the one that an interrupted rename has recorded.
    journal.forget(journal.read()?.owner);
  },
};

/** Whether the declared name differs from the one at Nylas, and from one that Nylas has already ignored. */
function needsRename(olds: Values, news: Values): boolean {
  return news.name !== undefined && news.name !== olds.name && news.name !== olds.requestedName;
}

interface OwnedConnector {
  connector: Connector;
  adopted: boolean;
}

/** Creates the connector, adopts it, or continues with the one that an interrupted run of this resource created. */
async function createOrAdopt(
  run: Run,
  args: ConnectorArguments,
  found: Connector | undefined,
  applicationId: string,
): Promise<OwnedConnector> {
  const { owner, stack } = args;
  const journal = journalOf(run, applicationId);
  if (found === undefined)
    return { connector: await createAndRecord(run, args, journal, applicationId), adopted: false };

  const last = journal.read();
  if (run.owners.isOwnedByOther(CONNECTOR_ID, owner)) throw connectorExists(run, args, found, last);
  const interrupted =
    owner !== undefined && last?.owner === owner && last.made && run.unsaved.find(applicationId, owner) !== undefined;
  if (!interrupted && args.onExisting !== "adopt") throw connectorExists(run, args, found, last);
  // A resource that takes over from another of its own stack has been renamed: it may delete what its stack has created.
  const made = interrupted || (last?.made === true && last.stack !== undefined && last.stack === stack);
  if (owner !== undefined) {
    run.unsaved.write(applicationId, owner);
    journal.write({ owner, made, stack });
  }
  return { connector: await rename(run.client, found, args.name), adopted: !made };
}

async function createAndRecord(
  run: Run,
  args: ConnectorArguments,
  journal: Journal,
  applicationId: string,
): Promise<Connector> {
  const { client, unsaved } = run;
  const { name, owner, stack } = args;
  if (owner !== undefined) {
    unsaved.write(applicationId, owner);
    journal.write({ owner, made: true, stack });
  }
  try {
    return await createConnector(client, name);
  } catch (error) {
    if (!(error instanceof NylasError) || error.status === undefined || error.status >= 500) throw error;
    const found = error.status === 400 || error.status === 409 ? await findConnector(client) : undefined;
    // It did not exist before the request. After a repeated request, the first attempt created it and its answer was lost.
    if (found !== undefined && (error.attempts ?? 1) > 1) return rename(client, found, name);
    journal.forget(owner);
    throw found === undefined ? error : connectorExists(run, args, found, undefined);
  }
}

async function rename(client: NylasClient, connector: Connector, name: string | undefined): Promise<Connector> {
  return name === undefined || name === connector.name ? connector : renameConnector(client, name);
}

type Recorded = Omit<ConnectorOutputs, "name"> & Partial<Pick<ConnectorOutputs, "name">> & HiddenOutputs;

function state(inputs: Values, { connector, adopted }: OwnedConnector, applicationId: string): Values & Recorded {
  const declared = pick(inputs, CONNECTOR_ARGUMENTS);
  const ignored = declared.name !== undefined && declared.name !== connector.name;
  // Nylas does not document whether an IMAP connector can have a name. Record an ignored name, so that it is sent only once.
  return {
    ...declared,
    ...connectorOutputs(connector),
    ...(ignored ? { requestedName: asText(declared.name) } : {}),
    adopted,
    applicationId,
  };
}

function connectorOutputs(
  connector: Connector,
): Pick<ConnectorOutputs, "provider"> & Partial<Pick<ConnectorOutputs, "name">> {
  return { provider: connector.provider, ...(connector.name === undefined ? {} : { name: connector.name }) };
}

function connectorInUse(
  run: Run,
  grants: readonly Grant[],
  ownStack: string | undefined,
  replaced: boolean,
): ConnectorError {
  const count = grants.length === 1 ? "1 grant hangs" : `${grants.length} grants hang`;
  const shown = grants.slice(0, MAX_LISTED_GRANTS).map((grant) => {
    const left = run.owners.wasRetained(grant.id) ? ", left there because another resource has adopted it" : "";
    return `${grant.id} (${grant.email ?? "no address"}, ${describeOwner(grant, ownStack)}${left})`;
  });
  const more = grants.length > shown.length ? `, and ${grants.length - shown.length} more` : "";
  return new ConnectorError({
    code: "connector_in_use",
    operation: "Deleting the IMAP connector",
    answer: `${count} on it and would stop working at once: ${shown.join(", ")}${more}. Nothing was changed`,
    remedy: replaced
      ? "the run asks for another connector: if it is tainted, run `pulumi state untaint` with its URN; if --replace or a " +
        "replacementTrigger names it, leave that out. To lose those grants on purpose, set forceDelete: true"
      : "delete those grants first, keep the connector (retainOnDelete), or accept the loss with forceDelete: true and `up`",
  });
}

function describeOwner({ state }: Grant, ownStack: string | undefined): string {
  const marker = parseMarker(state);
  if (marker === undefined) return "not made with this package";
  const done = marker.adopted ? "adopted" : "made";
  if (marker.stack === undefined) return `${done} with this package`;
  return `${done} by ${marker.stack === ownStack ? "this stack" : stackOfDigest(marker.stack)}`;
}

function noSuchConnector(client: NylasClient, id: string): NylasError {
  return new NotFoundError({
    code: "not_found",
    operation: `Looking up connector "${id}"`,
    answer: `the application of configuration namespace "${client.settings.application}" has no such connector; its id is "${CONNECTOR_ID}"`,
    status: 404,
    remedy: "check the id, the API key's application and the region",
  });
}
