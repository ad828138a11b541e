import { AlreadyExistsError, ConnectorError, NotFoundError, NylasError } from "../../errors.js";
import type { NylasClient } from "../../nylas/client.js";
import { createConnector, deleteConnector, findConnector, renameConnector } from "../../nylas/connectors.js";
import { listAllGrants } from "../../nylas/grant-list.js";
import type { Connector, Grant } from "../../nylas/wire.js";
import type { Lifecycle } from "../lifecycle.js";
import { connectorJournal, type Journal, type JournalEntry } from "../ownership/journal.js";
import { parseMarker, unclearStack } from "../ownership/marker.js";
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
} from "./properties.js";
import { type ConnectorOutputs, type HiddenOutputs, KEPT_OUTPUTS } from "./state.js";

/** Nylas addresses a connector by its provider, and an application has at most one per provider. */
const CONNECTOR_ID = "imap";
/** Most grants that an error lists. */
const MAX_LISTED_GRANTS = 10;
/** Hexadecimal digits of an owner's digest that an error shows. */
const SHOWN_DIGEST_LENGTH = 8;

/** The application's IMAP connector, which all its IMAP grants need. */
export const connectorLifecycle: Lifecycle = {
  secrets: [],

  check: checkConnectorArguments,

  diff(olds, news) {
    const replaces = replacing(olds, news, REPLACING_ARGUMENTS, CONNECTOR_DEFAULTS);
    const recorded = changed(olds, news, RECORDED_ARGUMENTS, CONNECTOR_DEFAULTS);
    const changes =
      replaces.length > 0 || recorded.length > 0 || needsRename(olds, news) || olds.heldElsewhere === true;
    return { changes, replaces };
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
    takeFromOldName(given, olds, news);
    if (!needsRename(olds, news)) return { ...pick(news, CONNECTOR_ARGUMENTS), ...pick(olds, KEPT_OUTPUTS) };
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
      if (grants.length > 0) throw connectorInUse(run, grants);
    }
    await deleteConnector(run.client);
    run.owners.remove(CONNECTOR_ID);
    // The owner of the state, or the one that an interrupted rename has recorded.
    journal.forget(journal.read()?.owner);
  },
};

function journalOf({ host }: Run, applicationId: string): Journal {
  return connectorJournal(applicationId, host.notesDirectory);
}

/** The owner as the journal has it. States of version 0.1.0 have it in `heldBy`, which a rename did not update. */
function ownerIn(outs: Values): string | undefined {
  return asText(outs.heldBy) ?? asText(outs.owner);
}

/** Whether the declared name differs from the one at Nylas, and from one that Nylas has already ignored. */
function needsRename(olds: Values, news: Values): boolean {
  return news.name !== undefined && news.name !== olds.name && news.name !== olds.requestedName;
}

interface OwnedConnector {
  connector: Connector;
  adopted: boolean;
}

/**
 * True if another resource has the connector. Throws if that cannot be told: an interrupted rename of this stack leaves the same
 * traces as a stack that holds a copy of the state, and a deletion does not learn its stack's name.
 */
function isTaken(run: Run, props: Values, applicationId: string): boolean {
  if (run.owners.wasCreated(CONNECTOR_ID) || run.owners.isOwnedByOther(CONNECTOR_ID, asText(props.owner))) return true;
  const owner = ownerIn(props);
  const last = journalOf(run, applicationId).read();
  if (last === undefined || last.owner === owner) return false;
  if (!isInterruptedRename(run, last, owner, applicationId)) return true;
  if (last.stack !== undefined && last.stack === props.stack) return false;
  const operation = "Deleting the IMAP connector";
  throw new AlreadyExistsError({ code: "connector_exists", operation, ...unclearStack("connector") });
}

/** Whether another name has taken the connector from this owner: by a rename, or with a copy of the state. */
function wasTaken(last: JournalEntry | undefined, owner: string | undefined): boolean {
  return owner !== undefined && last !== undefined && last.owner !== owner && last.previous === owner;
}

/** Whether this machine has a note that the run which took the connector from this owner's name has not saved that. */
function isInterruptedRename(
  { unsaved }: Run,
  last: JournalEntry,
  before: string | undefined,
  applicationId: string,
): boolean {
  return wasTaken(last, before) && unsaved.nonceOf(applicationId, last.owner) !== undefined;
}

/**
 * After a rename of the resource or its stack, replaces the old owner in the journal, as the update does in the state. Throws if
 * another resource has taken the connector from the old owner since, and this update would rename it or take it back.
 */
function takeFromOldName(run: Run, olds: Values, news: Values): void {
  const [applicationId, before, owner] = [asText(olds.applicationId), ownerIn(olds), asText(news.owner)];
  if (applicationId === undefined || before === undefined || owner === undefined) return;
  const journal = journalOf(run, applicationId);
  const last = journal.read();
  const renamed = before !== owner;
  const resumed = last?.owner === owner && isInterruptedRename(run, last, before, applicationId);
  if (wasTaken(last, before) && !resumed) {
    const takes = renamed || needsRename(olds, news) || olds.heldElsewhere === true;
    if (takes && news.onExisting !== "adopt") throw connectorTaken();
    if (!takes) return;
  } else if (!renamed || last?.owner !== before) return;
  run.unsaved.write(applicationId, owner);
  const previous = renamed ? before : undefined;
  journal.write({ owner, made: olds.adopted !== true, stack: asText(news.stack), previous });
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
  if (run.owners.isOwnedByOther(CONNECTOR_ID, owner)) throw connectorExists(run.client, found);
  const interrupted =
    owner !== undefined &&
    last?.owner === owner &&
    last.made &&
    run.unsaved.nonceOf(applicationId, owner) !== undefined;
  if (!interrupted && args.onExisting !== "adopt") throw connectorExists(run.client, found);
  // A resource that takes over from another of its own stack has been renamed: it may delete what its stack has created.
  const made = interrupted || (last?.made === true && last.stack !== undefined && last.stack === stack);
  if (owner !== undefined) {
    run.unsaved.write(applicationId, owner);
    journal.write({ owner, made, stack });
  }
  return { connector: await rename(run.client, found, args.name), adopted: !made };
}

async function createAndRecord(
  { client, unsaved }: Run,
  args: ConnectorArguments,
  journal: Journal,
  applicationId: string,
): Promise<Connector> {
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
    throw found === undefined ? error : connectorExists(client, found);
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

function connectorExists(client: NylasClient, found: Connector): AlreadyExistsError {
  const name = found.name === undefined ? "" : ` named "${found.name}"`;
  return new AlreadyExistsError({
    code: "connector_exists",
    operation: `Creating the IMAP connector of configuration namespace "${client.settings.application}"`,
    answer: `the application has an IMAP connector${name} already, and Nylas allows one. Nothing was changed`,
    remedy:
      'set onExisting: "adopt" to take it over (it then stays at destroy), or leave it to its owner and pass connector: "imap" to the grants',
  });
}

function connectorTaken(): AlreadyExistsError {
  return new AlreadyExistsError({
    code: "connector_exists",
    operation: "Updating the IMAP connector",
    answer:
      "a stack with a copy of this stack's state, or another resource, has taken the connector since. Nothing was changed",
    remedy:
      "manage the connector there, and remove this resource from the program: the connector stays. " +
      'If nothing else manages it any more, set onExisting: "adopt" to take it back',
  });
}

function connectorInUse(run: Run, grants: readonly Grant[]): ConnectorError {
  const count = grants.length === 1 ? "1 grant hangs" : `${grants.length} grants hang`;
  const shown = grants.slice(0, MAX_LISTED_GRANTS).map((grant) => {
    const left = run.owners.wasRetained(grant.id) ? ", left there because another resource has adopted it" : "";
    return `${grant.id} (${grant.email ?? "no address"}, ${describeOwner(grant)}${left})`;
  });
  const more = grants.length > shown.length ? `, and ${grants.length - shown.length} more` : "";
  return new ConnectorError({
    code: "connector_in_use",
    operation: "Deleting the IMAP connector",
    answer: `${count} on it and would stop working at once: ${shown.join(", ")}${more}. Nothing was changed`,
    remedy:
      "delete those grants first, keep the connector (retainOnDelete), or accept the loss with forceDelete: true and `up`",
  });
}

function describeOwner({ state }: Grant): string {
  const marker = parseMarker(state);
  if (marker === undefined) return "not made with this package";
  return `${marker.adopted ? "adopted" : "made"} with this package by owner ${marker.owner.slice(0, SHOWN_DIGEST_LENGTH)}`;
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
