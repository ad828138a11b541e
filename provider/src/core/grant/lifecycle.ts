import { isAddress, mailboxKey } from "../../address.js";
import { InvalidInputError, NotFoundError, type NylasError } from "../../errors.js";
import { deleteGrant } from "../../nylas/grants.js";
import type { Grant } from "../../nylas/wire.js";
import { type Lifecycle, overRecords } from "../lifecycle.js";
import { decideAdoption, isTaken, isToBeTakenBack } from "../ownership/grant.js";
import {
  deletedOutside,
  hasOtherOwner,
  heldTwice,
  holderOf,
  isOfOtherStack,
  keptByProgram,
  markerOf,
} from "../ownership/marker.js";
import { isUnknown, replacing } from "../properties/validate.js";
import { asText, changed, type Values } from "../properties/values.js";
import { applicationOfProgram, sameApplication } from "../same-application.js";
import type { Run } from "../session.js";
import { goneBeforeUpdate, invisible, notYetVisible, withNoteOfDeletion } from "./absence.js";
import { authenticate, authenticateNew, prepareAuthentication, verifyMailbox } from "./authenticate.js";
import { checkGrantArguments } from "./check.js";
import { credentials } from "./credentials.js";
import {
  AUTHENTICATED_ARGUMENTS,
  changedPasswords,
  GRANT_DEFAULTS,
  type GrantArguments,
  mayBeSameMailbox,
  type Password,
  passwordsLeavingState,
  RECORDED_ARGUMENTS,
  REPLACING_ARGUMENTS,
  readGrantArguments,
  storedArguments,
  TABLE,
} from "./properties.js";
import { type GrantState, mailboxOf, readGrantState, writeGrantState } from "./state.js";
import type { AuthenticatedGrant, Authentication } from "./unforeseen.js";

/** The two statuses of Nylas's contract. */
const VALID = "valid";
/** The next `up` authenticates such a grant again. */
const INVALID = "invalid";
/** Why a mailbox has to be authenticated whose grant has another owner's marker. */
const TAKES_BACK = "this resource takes the grant back";

const lifecycle: Lifecycle<GrantArguments, GrantState> = {
  properties: TABLE,
  objectOf: ({ imapUsername }) =>
    typeof imapUsername === "string" && !isUnknown(imapUsername) ? mailboxKey(imapUsername) : undefined,
  check: checkGrantArguments,
  readArguments: readGrantArguments,
  readState: readGrantState,
  writeState: writeGrantState,
  inputsIn: ({ declared }) => storedArguments(declared),

  diff(olds, news) {
    const replaces = replacingArguments(olds, news);
    const differs = new Set([
      ...replaces,
      ...changed(olds.declared, news, RECORDED_ARGUMENTS, GRANT_DEFAULTS),
      ...authenticating(olds, news),
      ...(isOfOtherStack(news, olds.marker) ? ["owner"] : []),
      ...(needsVerification(olds, news) ? ["verified"] : []),
    ]);
    return { changed: [...differs], replaces };
  },

  hiddenChanges(olds, news) {
    const known = changedPasswords(olds.declared, news).filter(({ digest }) => !isUnknown(news[digest]));
    // As soon as it is known, the engine asks again, and the plan that the user has seen no longer holds.
    const open = isUnknown(news.imapUsername)
      ? ["imapUsername is not known yet; another mailbox replaces the grant"]
      : [];
    const passwords = known.map((password) => {
      const given = givenAs(password, news);
      return given === password.argument ? given : `the password that ${given} names`;
    });
    const verb = passwords.length === 1 ? "differs" : "differ";
    const differing = passwords.length === 0 ? [] : [`${passwords.join(" and ")} ${verb}`];
    const changes = [...differing, ...open];
    return changes.length === 0 ? undefined : `${mailboxOf(olds)}: ${changes.join("; ")}`;
  },

  heldTwice: (id, olds) => heldTwice("grant", `Planning ${mailboxOf(olds)}`, `grant ${id}`),

  ownership({ applicationId, marker }) {
    if (applicationId === undefined || marker?.nonce === undefined) return undefined;
    return { applicationId, owner: marker.owner, nonce: marker.nonce };
  },

  async create(given, args) {
    // Fails before any request if a password's source has become absent since the plan.
    const mailbox = credentials(args, given.host, "its grant has yet to be made");
    const run = await applicationOfProgram(given, `Creating a grant for ${args.imapUsername}`);
    return run.exclusively(args.imapUsername, async () => {
      const found = await findExisting(run, args);
      const adopting = found === undefined ? false : decideAdoption(run, args, found);
      const authentication = await prepareAuthentication(run, args, mailbox, adopting, { found });
      const authenticated =
        found === undefined
          ? await authenticateNew(authentication)
          : await authenticate(authentication, adopting, found);
      run.owners.record(authenticated.grant.id, args.owner);
      const { id } = authenticated.grant;
      const made = stateOf(authentication, authenticated);
      return { id, state: await verifyMailbox(run, args, id, made) };
    });
  },

  async read(given, id, state) {
    const run = await sameApplication(given, state.applicationId, `Reading grant ${id}`);
    const grant = await run.directory.byId(id, state.email);
    const mailbox = `grant ${id} of ${mailboxOf(state)}`;
    if (grant === undefined) {
      if (state.applicationId === undefined) throw noSuchGrant(run, id);
      const hidden = notYetVisible({ run, id, state });
      if (hidden !== undefined) {
        run.host.notices.notify(`${mailbox} stays in the state: ${hidden}`);
        return state;
      }
      run.host.notices.notify(deletedOutside(mailbox, state));
      return undefined;
    }
    if (![VALID, INVALID].includes(grant.status)) announceStatus(run, mailbox, grant);
    const marker = markerOf(grant);
    const heldElsewhere = hasOtherOwner(marker, state.marker) ? true : undefined;
    if (heldElsewhere) {
      const holder = holderOf(marker?.stack, state.declared.stack);
      run.host.notices.notify(`${mailbox} is held by ${holder}; the next \`up\` says what to do`);
    }
    return { ...state, heldElsewhere, ...outputsOf(grant), applicationId: run.applicationId };
  },

  async update(given, id, olds, args) {
    const { declared } = args;
    const marking = isOfOtherStack(args, olds.marker);
    const changing = authenticating(olds, declared).length > 0;
    const verifying = changing || needsVerification(olds, declared);
    announceRemoval(given, args, passwordsLeavingState(olds.declared, declared));
    if (!marking && !verifying) return { ...olds, declared: storedArguments(declared), verified: undefined };

    // Whether another resource's grant may be authenticated is known after a look at it.
    const planned =
      (changing || marking) && !olds.heldElsewhere
        ? credentials(args, given.host, reasonOf(olds, declared, marking))
        : undefined;
    const operation = `Updating grant ${id} of ${args.imapUsername}`;
    const run = await sameApplication(given, olds.applicationId, operation);
    return run.exclusively(args.imapUsername, async () => {
      const found = await run.directory.byId(id, args.imapUsername);
      if (found === undefined) {
        const hidden = notYetVisible({ run, id, state: olds });
        throw hidden === undefined ? goneBeforeUpdate(operation, id) : invisible(operation, hidden);
      }
      // An import by id takes any grant into a state.
      if (found.provider !== "imap") throw notImapError(operation, found);
      const adopted = olds.adopted === true;
      const takenBack = isToBeTakenBack(run, operation, found, olds, args);
      const broken = found.status === INVALID;
      if (!changing && !marking && !takenBack && !broken) {
        const kept = stateOf({ run, args, marker: olds.marker }, { grant: found, adopted });
        return verifyMailbox(run, args, id, kept);
      }
      const because = takenBack || olds.heldElsewhere ? TAKES_BACK : reasonOf(olds, declared, marking);
      const mailbox = planned ?? credentials(args, run.host, because);
      const authentication = await prepareAuthentication(run, args, mailbox, adopted, { inState: olds.marker });
      const authenticated = await authenticate(authentication, adopted, found);
      run.owners.record(id, args.owner);
      const updated = stateOf(authentication, authenticated);
      return verifying || broken ? verifyMailbox(run, args, id, updated) : updated;
    });
  },

  async delete(given, id, state) {
    const mailbox = `grant ${id} of ${mailboxOf(state)}`;
    if (given.owners.isReplacedByOption(id, state)) throw replacedByOption(given, mailbox, state);
    if (state.adopted && !state.declared.deleteAdopted) {
      given.host.notices.notify(`${mailbox} was adopted and stays at Nylas (deleteAdopted: true would delete it)`);
      return;
    }
    const run = await sameApplication(given, state.applicationId, `Deleting ${mailbox}`);
    const email = state.email ?? state.declared.imapUsername ?? id;
    await run.exclusively(email, async () => {
      // Request the grant itself rather than use the cached list: another run may have adopted it since.
      const found = await run.directory.request(id, email);
      if (found !== undefined && isTaken(run, `Deleting ${mailbox}`, found, state)) {
        run.owners.recordRetained(id);
        const isReplacement = run.owners.wasCreated(id) && !run.owners.isOwnedByOther(id, state.declared.owner);
        run.host.notices.notify(
          run.owners.wasPlanned(id) || isReplacement
            ? `${mailbox} stays at Nylas: the program still has it`
            : `${mailbox} stays at Nylas: another resource has adopted it. If that resource is gone, nothing manages the grant any more; delete it by its id`,
        );
        return;
      }
      if (found === undefined) {
        const hidden = notYetVisible({ run, id, state });
        if (hidden !== undefined) throw invisible(`Deleting ${mailbox}`, hidden);
      } else {
        const why = run.owners.whyKept(mailboxKey(state.declared.imapUsername ?? email), state.declared.owner);
        if (why !== undefined) throw keptByProgram("grant", `Deleting ${mailbox}`, why, run.host.wording.alias);
        await withNoteOfDeletion({ run, id, state }, `Deleting ${mailbox}`, () => deleteGrant(run.client, id));
      }
      run.directory.remove(id);
      run.owners.remove(id);
    });
  },
};

/** A mailbox that a Nylas application may use. */
export const grantLifecycle = overRecords(lifecycle);

/**
 * Finds the mailbox's grant by address; for a log-in name, whose address is unknown, by this owner's marker. A resource that was
 * renamed has its old name in its marker, which another one may have by now.
 */
async function findExisting(run: Run, { imapUsername, owner }: GrantArguments): Promise<Grant | undefined> {
  const found = await run.directory.byEmail(imapUsername);
  if (found !== undefined || isAddress(imapUsername) || owner === undefined) return found;
  return run.directory.findByState(
    ({ id = "", state }) =>
      markerOf({ state })?.owner === owner && !run.owners.isOwnedByOther(id, owner) && !run.owners.isLeaving(id),
  );
}

function replacingArguments({ declared }: GrantState, news: Values): string[] {
  const replaces = replacing(declared, news, REPLACING_ARGUMENTS, GRANT_DEFAULTS);
  const isOtherMailbox = !isUnknown(news.imapUsername) && !mayBeSameMailbox(declared, asText(news.imapUsername) ?? "");
  return isOtherMailbox ? ["imapUsername", ...replaces] : replaces;
}

/** The arguments and outputs for which the mailbox has to be authenticated. */
function authenticating(olds: GrantState, news: Values): string[] {
  return [
    ...changedArguments(olds, news),
    // Another status is not known to end with an authentication, so each `up` would send one.
    ...(olds.grantStatus === INVALID ? ["grantStatus"] : []),
    ...(olds.heldElsewhere ? ["heldElsewhere"] : []),
  ];
}

function changedArguments({ declared }: GrantState, news: Values): string[] {
  return [
    ...changed(declared, news, AUTHENTICATED_ARGUMENTS, GRANT_DEFAULTS),
    ...changedPasswords(declared, news).map((password) => givenAs(password, news)),
  ];
}

/** Why the mailbox has to be authenticated: completes "because …". */
function reasonOf(olds: GrantState, news: Values, marking: boolean): string {
  const names = changedArguments(olds, news);
  if (names.length > 0) return `${names.join(" and ")} ${names.length === 1 ? "has" : "have"} changed`;
  if (!marking) return "Nylas calls its grant invalid";
  return olds.marker?.stack === undefined
    ? "its marker, of version 0.1.0, has to be written anew for the resource's or stack's new name"
    : "the stack or its project has another name";
}

/** The argument by which the program gives a password: itself, or its source. */
function givenAs({ argument, source }: Password, news: Values): string {
  return news[source] === undefined ? argument : source;
}

function needsVerification(olds: GrantState, news: Values): boolean {
  return olds.verified === false && news.verify !== false;
}

function announceStatus({ host }: Run, mailbox: string, { status }: Grant): void {
  host.notices.notify(
    `Nylas calls ${mailbox} "${status}", which this package does not know; \`up\` leaves it as it is. ` +
      "Another credentialVersion authenticates it again",
  );
}

function announceRemoval({ host }: Run, { imapUsername }: GrantArguments, names: readonly string[]): void {
  if (names.length === 0) return;
  host.notices.notify(
    `${names.join(" and ")} of ${imapUsername} leaves the state; the stack's history and backups keep the old value, ` +
      "so change the password at the mail server",
  );
}

/** The state after an authentication, or after a look that sent no `mailbox`: no passwords, and the grant as Nylas returned it. */
function stateOf(
  { run, args, mailbox, marker }: Pick<Authentication, "run" | "args" | "marker"> & Partial<Authentication>,
  { grant, adopted }: AuthenticatedGrant,
): GrantState {
  return {
    declared: storedArguments(args.declared, mailbox),
    email: args.imapUsername,
    ...outputsOf(grant),
    adopted,
    applicationId: run.applicationId,
    marker: markerOf(grant) ?? (marker && { ...marker, adopted }),
  };
}

function outputsOf({ id, email, status, createdAt, updatedAt }: Grant): Partial<GrantState> {
  return { grantId: id, ...(email === undefined ? {} : { email }), grantStatus: status, createdAt, updatedAt };
}

/** Refuses to replace a grant that only the option `replaceOnChanges` gives up for another one. */
function replacedByOption({ host }: Run, mailbox: string, { verified }: GrantState): NylasError {
  const halfMade = verified === false ? "its last update failed halfway, and " : "";
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Replacing ${mailbox}`,
    answer:
      `${halfMade}the program, or a transformation or transform of it, has given it replaceOnChanges, which would delete the grant ` +
      "to make another one with other object ids. Nothing was changed",
    remedy:
      `${host.wording.withoutReplaceOnChanges}; then run \`pulumi up\`, which keeps the grant. ` +
      "To have another grant on purpose, name the resource in `pulumi up --replace`",
  });
}

function notImapError(operation: string, { id, provider }: Grant): NylasError {
  return new InvalidInputError({
    code: "invalid_input",
    operation,
    answer: `grant ${id} is of provider ${provider}, and not of IMAP. Nothing was changed`,
    remedy: "take the resource out of the program and the state (`pulumi state delete` with its URN); the grant stays",
  });
}

function noSuchGrant(run: Run, id: string): NylasError {
  return new NotFoundError({
    code: "not_found",
    operation: `Looking up grant ${id}`,
    answer: `the application of configuration namespace "${run.client.settings.application}" has no such grant`,
    status: 404,
    remedy: "check the id, the API key's application and the region; listGrants() of this package shows what there is",
  });
}
