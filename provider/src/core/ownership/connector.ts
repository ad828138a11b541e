import { AlreadyExistsError } from "../../errors.js";
import { CONNECTOR_ID } from "../../nylas/connectors.js";
import type { Connector } from "../../nylas/wire.js";
import type { Claim, Evidence } from "./evidence.js";
import type { Journal, JournalEntry } from "./journal.js";
import { holderOf, MOVED, type OwnedState, unclearStack } from "./marker.js";

/** The resource that wants a connector, by its arguments. */
type ConnectorClaim = Omit<Claim, "imapUsername">;

/** What the state of a connector tells of its owner. */
interface OwnedConnector extends OwnedState {
  heldBy?: string | undefined;
  heldElsewhere?: boolean | undefined;
}

/** What decides whose the connector is: the journal, because a connector carries no marker. */
type ConnectorEvidence = Evidence & { journal: Journal };

/** The owner as the journal has it. States of version 0.1.0 have it in `heldBy`, which a rename did not update. */
export function ownerIn({ heldBy, declared }: OwnedConnector): string | undefined {
  return heldBy ?? declared.owner;
}

/**
 * True if another resource has the connector. Throws if that cannot be told: an interrupted rename of this stack leaves the same
 * traces as a stack that holds a copy of the state, and a deletion does not learn its stack's name.
 */
export function isTaken(run: ConnectorEvidence, state: OwnedConnector): boolean {
  const { declared } = state;
  const isOfProgram = run.owners.wasCreated(CONNECTOR_ID) || run.owners.wasPlanned(CONNECTOR_ID);
  if (isOfProgram || run.owners.isOwnedByOther(CONNECTOR_ID, declared.owner)) return true;
  const owner = ownerIn(state);
  const last = run.journal.read();
  if (last === undefined || last.owner === owner) return false;
  if (isFormerName(last, owner, declared.stack)) return false;
  if (!isInterruptedRename(run, last, owner)) return true;
  if (run.owners.isStack(last.stack, declared.stack)) return false;
  const operation = "Deleting the IMAP connector";
  throw new AlreadyExistsError({ code: "connector_exists", operation, ...unclearStack("connector") });
}

/** What a deletion says of a connector that stays because it is taken. */
export function whyTaken(run: ConnectorEvidence, { declared }: OwnedConnector): string {
  if (run.owners.wasPlanned(CONNECTOR_ID) || run.owners.wasCreated(CONNECTOR_ID)) return "the program still has it";
  const last = run.journal.read();
  if (run.owners.isOwnedByOther(CONNECTOR_ID, declared.owner) || last === undefined)
    return "another resource of this program has it";
  return (
    `as far as this machine knows, ${holderOf(last.stack, declared.stack)} has it. If that is out of date, delete the connector in ` +
    "the Nylas dashboard"
  );
}

/** Whether the journal is only out of date: the connector's resource was renamed on another machine. */
function isFormerName(last: JournalEntry, owner: string | undefined, stack: string | undefined): boolean {
  return last.stack !== undefined && last.stack === stack && !isTakenFrom(last, owner) && !wasTaken(last, owner);
}

function isTakenFrom({ takenFrom = [] }: JournalEntry, owner: string | undefined): boolean {
  return owner !== undefined && takenFrom.includes(owner);
}

/** The entry of an owner that makes the connector, or takes it without an alias. It keeps all owners before: the state may still name one. */
export function entryOf(
  { owner, stack }: { owner: string; stack: string | undefined },
  made: boolean,
  last: JournalEntry | undefined,
): JournalEntry {
  const before = last === undefined ? [] : [...(last.takenFrom ?? []), last.owner];
  return { owner, made, stack, takenFrom: [...new Set(before)].filter((name) => name !== owner) };
}

/** Whether another name has taken the connector from this owner: by a rename, or with a copy of the state. */
export function wasTaken(last: JournalEntry | undefined, owner: string | undefined): boolean {
  return owner !== undefined && last !== undefined && last.owner !== owner && last.previous === owner;
}

/** Whether a run on this machine took the connector from the owner `before` in a rename, and was cut off before Pulumi saved that. */
function isInterruptedRename({ notes }: Evidence, last: JournalEntry, before: string | undefined): boolean {
  return wasTaken(last, before) && notes.find(last.owner) !== undefined;
}

/**
 * After a rename of the resource or its stack, replaces the old owner in the journal, as the update does in the state. Throws if
 * another resource has taken the connector from the old owner since, and this update would take it back, or rename it at Nylas
 * (`renames`).
 */
export function writeNewNameToJournal(
  run: ConnectorEvidence,
  olds: OwnedConnector,
  { owner, stack, onExisting }: ConnectorClaim,
  renames: boolean,
): void {
  const before = ownerIn(olds);
  if (before === undefined || owner === undefined) return;
  const last = run.journal.read();
  const renamed = before !== owner;
  const resumed = last?.owner === owner && isInterruptedRename(run, last, before);
  if (wasTaken(last, before) && !resumed) {
    const takes = renamed || renames || olds.heldElsewhere === true;
    if (takes && onExisting !== "adopt") throw connectorTaken();
    if (!takes) return;
  } else if (!renamed || last?.owner !== before) return;
  run.notes.write(owner);
  const previous = renamed ? before : undefined;
  run.journal.write({ owner, made: olds.adopted !== true, stack, previous, takenFrom: last?.takenFrom });
}

export function connectorExists(
  run: ConnectorEvidence,
  args: ConnectorClaim,
  found: Connector,
  last: JournalEntry | undefined,
): AlreadyExistsError {
  const name = found.name === undefined ? "" : ` named "${found.name}"`;
  const adopt = 'set onExisting: "adopt" to take it over (it then stays at destroy)';
  const leave = 'leave it to its owner and pass connector: "imap" to the grants';
  const { owner, ways } = explainOwner(run, args, last);
  return new AlreadyExistsError({
    code: "connector_exists",
    operation: `Creating the IMAP connector of configuration namespace "${run.client.settings.application}"`,
    answer: `the application has an IMAP connector${name} already${owner}, and Nylas allows one. Nothing was changed`,
    remedy: (ways ?? [adopt, leave]).join(", or "),
  });
}

/** Who owns the connector, as far as this machine knows, and what to do then, most likely first. */
function explainOwner(
  { owners, host }: Evidence,
  { owner, stack }: ConnectorClaim,
  last: JournalEntry | undefined,
): { owner: string; ways?: string[] } {
  const alias = `give this one the option ${host.wording.alias}`;
  if (owners.isOwnedByOther(CONNECTOR_ID, owner)) {
    const remove = "remove this one and pass the other to the grants as `connector`";
    const rename = `if this is its new name, remove the old resource from the program and ${alias}`;
    const ways = owners.wasPlanned(CONNECTOR_ID) ? [rename, remove] : [remove];
    return { owner: ", which another resource of this program holds", ways };
  }
  if (last === undefined) return { owner: "" };
  const moved = `${MOVED} and pass connector: "imap" to the grants`;
  if (last.owner === owner) {
    const adopt = 'if a run was killed or its state is lost, set onExisting: "adopt" for one `up`';
    const { deleteFirst } = host.wording;
    const ways = [...(deleteFirst === "" ? [] : [deleteFirst]), moved, adopt];
    return { owner: ", made or adopted under this resource's name", ways };
  }
  const adopt = 'set onExisting: "adopt" to take it over';
  return last.stack !== undefined && last.stack === stack
    ? { owner: ", made or adopted by another resource of this stack", ways: [`if that was renamed, ${alias}`, adopt] }
    : {
        owner: `, made or adopted by ${holderOf(last.stack, stack)}`,
        ways: [moved, `${adopt} (it then stays at destroy)`],
      };
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
