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
import { type Lifecycle, overRecords } from "../lifecycle.js";
import {
  connectorExists,
  entryOf,
  isTaken,
  ownerIn,
  wasTaken,
  whyTaken,
  writeNewNameToJournal,
} from "../ownership/connector.js";
import { deletedOutside, heldTwice, keptByProgram, markerOf, stackOfDigest } from "../ownership/marker.js";
import { replacing } from "../properties/validate.js";
import { changed, pick } from "../properties/values.js";
import { applicationOfProgram, sameApplication } from "../same-application.js";
import { type ApplicationRun, inApplication, type Run } from "../session.js";
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
import { type ConnectorState, readConnectorState, writeConnectorState } from "./state.js";

/** Most grants that an error lists. */
const MAX_LISTED_GRANTS = 10;

const lifecycle: Lifecycle<ConnectorArguments, ConnectorState> = {
  properties: TABLE,
  objectOf: () => CONNECTOR_ID,
  check: checkConnectorArguments,
  readArguments: readConnectorArguments,
  readState: readConnectorState,
  writeState: writeConnectorState,
  inputsIn: ({ declared, name }) => pick({ ...declared, name }, CONNECTOR_ARGUMENTS),

  diff(olds, news) {
    const replaces = replacing(olds.declared, news, REPLACING_ARGUMENTS, CONNECTOR_DEFAULTS);
    return {
      changed: [
        ...replaces,
        ...changed(olds.declared, news, RECORDED_ARGUMENTS, CONNECTOR_DEFAULTS),
        ...(needsRename(olds, news.name) ? ["name"] : []),
        ...(olds.heldElsewhere ? ["heldElsewhere"] : []),
      ],
      replaces,
    };
  },

  heldTwice: () => heldTwice("connector", "Planning the IMAP connector", "the connector"),

  ownership(state) {
    const [applicationId, owner] = [state.applicationId, ownerIn(state)];
    return applicationId === undefined || owner === undefined ? undefined : { applicationId, owner };
  },

  async create(given, args) {
    const run = await applicationOfProgram(given, "Creating the IMAP connector");
    return run.exclusively(CONNECTOR_ID, async () => {
      const found = await findConnector(run.client);
      const owned = await createOrAdopt(run, args, found);
      run.owners.record(CONNECTOR_ID, args.owner);
      return { id: CONNECTOR_ID, state: stateOf(run, args, owned) };
    });
  },

  async read(given, id, state) {
    const run = await sameApplication(given, state.applicationId, "Reading the IMAP connector");
    const last = run.journal.read();
    const connector = id === CONNECTOR_ID ? await findConnector(run.client) : undefined;
    if (connector === undefined) {
      if (state.provider === undefined) throw noSuchConnector(run.client, id);
      run.journal.forget(last?.owner);
      run.host.notices.notify(deletedOutside("the IMAP connector", state));
      return undefined;
    }
    const requestedName = connector.name === state.name ? state.requestedName : undefined;
    const heldElsewhere = wasTaken(run.journal.read(), ownerIn(state)) ? true : undefined;
    if (heldElsewhere)
      run.host.notices.notify("the IMAP connector is held by another resource or stack; the next `up` says what to do");
    return { ...state, requestedName, ...outputsOf(connector), applicationId: run.applicationId, heldElsewhere };
  },

  async update(given, _id, olds, args) {
    const renames = needsRename(olds, args.name);
    if (olds.applicationId !== undefined) {
      writeNewNameToJournal(inApplication(given, olds.applicationId), olds, args, renames);
    }
    const { provider, adopted, requestedName } = olds;
    if (args.name === undefined || !renames) {
      const { name = args.name, applicationId } = olds;
      return { declared: args.declared, provider, name, adopted, applicationId, requestedName };
    }
    const run = await sameApplication(given, olds.applicationId, "Renaming the IMAP connector");
    const connector = await renameConnector(run.client, args.name).catch((error) => {
      throw error instanceof NylasError && error.status === 404 ? goneBeforeRename(error) : error;
    });
    return stateOf(run, args, { connector, adopted: adopted === true });
  },

  async delete(given, _id, state) {
    const { declared } = state;
    if (state.adopted && !declared.deleteAdopted) {
      const { applicationId } = state;
      if (applicationId !== undefined) inApplication(given, applicationId).journal.forget(ownerIn(state));
      given.host.notices.notify(
        "the IMAP connector was adopted and stays at Nylas (deleteAdopted: true would delete it)",
      );
      return;
    }
    const run = await sameApplication(given, state.applicationId, "Deleting the IMAP connector");
    if (isTaken(run, state)) {
      run.host.notices.notify(`the IMAP connector stays at Nylas: ${whyTaken(run, state)}`);
      return;
    }
    const why = run.owners.whyKept(CONNECTOR_ID, declared.owner);
    if (why !== undefined) throw keptByProgram("connector", "Deleting the IMAP connector", why, run.host.wording.alias);
    if (!declared.forceDelete) {
      const grants = (await listAllGrants(run.client)).filter(
        (grant) => grant.provider === CONNECTOR_ID && !run.directory.wasRemoved(grant.id),
      );
      if (grants.length > 0) throw connectorInUse(run, grants, declared.stack, given.owners.isReplaced(state));
    }
    await deleteConnector(run.client);
    run.owners.remove(CONNECTOR_ID);
    // The owner of the state, or the one that an interrupted rename has recorded.
    run.journal.forget(run.journal.read()?.owner);
  },
};

/** The application's IMAP connector, which all its IMAP grants need. */
export const connectorLifecycle = overRecords(lifecycle);

/** Whether the declared name differs from the one at Nylas, and from one that Nylas has already ignored. */
function needsRename(olds: ConnectorState, name: unknown): boolean {
  return name !== undefined && name !== olds.name && name !== olds.requestedName;
}

interface HeldConnector {
  connector: Connector;
  adopted: boolean;
}

/** Creates the connector, adopts it, or continues with the one that an interrupted run of this resource created. */
async function createOrAdopt(
  run: ApplicationRun,
  args: ConnectorArguments,
  found: Connector | undefined,
): Promise<HeldConnector> {
  const { owner, stack } = args;
  if (found === undefined) return { connector: await createAndRecord(run, args), adopted: false };

  const last = run.journal.read();
  if (run.owners.isOwnedByOther(CONNECTOR_ID, owner)) throw connectorExists(run, args, found, last);
  const interrupted = owner !== undefined && last?.owner === owner && last.made && run.notes.find(owner) !== undefined;
  // This resource had it when the run was planned, and the deletion before this creation has left it. Where this stack made it and the
  // journal has released it, it is gone, and this one is somebody else's.
  const isGone = run.owners.wasPlannedAsMade(CONNECTOR_ID) && run.journal.isReleased();
  const isLeft = last === undefined ? !isGone : last.owner === owner;
  const isKept = run.owners.wasPlanned(CONNECTOR_ID) && isLeft;
  if (!interrupted && !isKept && args.onExisting !== "adopt") throw connectorExists(run, args, found, last);
  // A resource that takes over from another of its own stack has been renamed: it may delete what its stack has created.
  const isOfStack = last?.stack !== undefined && last.stack === stack;
  const made =
    interrupted || (last?.made === true && isOfStack) || (isKept && run.owners.wasPlannedAsMade(CONNECTOR_ID));
  if (owner !== undefined) {
    run.notes.write(owner);
    run.journal.write(entryOf({ owner, stack }, made, last));
  }
  return { connector: await rename(run.client, found, args.name), adopted: !made };
}

async function createAndRecord(run: ApplicationRun, args: ConnectorArguments): Promise<Connector> {
  const { client, notes, journal } = run;
  const { name, owner, stack } = args;
  const last = journal.read();
  const wasInterrupted = owner !== undefined && last?.owner === owner && last.made && notes.find(owner) !== undefined;
  if (owner !== undefined) {
    notes.write(owner);
    journal.write(entryOf({ owner, stack }, true, last));
  }
  try {
    return await createConnector(client, name);
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    // Where it had no effect, no later run must take what somebody else makes for this stack's.
    if (error.mayHaveTakenEffect === false && !wasInterrupted && owner !== undefined) {
      journal.forget(owner);
      notes.remove(owner);
    }
    const found = error.status === 400 || error.status === 409 ? await findConnector(client) : undefined;
    // It did not exist before the request: an attempt whose answer was lost has created it.
    if (found !== undefined && error.mayHaveTakenEffect) return rename(client, found, name);
    throw found === undefined ? error : connectorExists(run, args, found, undefined);
  }
}

async function rename(client: NylasClient, connector: Connector, name: string | undefined): Promise<Connector> {
  return name === undefined || name === connector.name ? connector : renameConnector(client, name);
}

function stateOf(
  { applicationId }: ApplicationRun,
  { declared, name }: ConnectorArguments,
  { connector, adopted }: HeldConnector,
): ConnectorState {
  // Nylas does not document whether an IMAP connector can have a name. Record an ignored name, so that it is sent only once.
  const requestedName = name === connector.name ? undefined : name;
  return { declared, name, ...outputsOf(connector), requestedName, adopted, applicationId };
}

function outputsOf({ provider, name }: Connector): Partial<ConnectorState> {
  return { provider, ...(name === undefined ? {} : { name }) };
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

function describeOwner(grant: Grant, ownStack: string | undefined): string {
  const marker = markerOf(grant);
  if (marker === undefined) return "not made with this package";
  const done = marker.adopted ? "adopted" : "made";
  if (marker.stack === undefined) return `${done} with this package`;
  return `${done} by ${marker.stack === ownStack ? "this stack" : stackOfDigest(marker.stack)}`;
}

function goneBeforeRename({ operation, status, requestId, type }: NylasError): ConnectorError {
  return new ConnectorError({
    ...{ operation, status, requestId, type },
    code: "connector_missing",
    answer: "the connector does not exist any more; it was deleted outside of Pulumi",
    remedy: "run `pulumi up --refresh`: it makes the connector again, and keeps the grants' ids",
  });
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
