import { isAddress, sameMailbox } from "../../address.js";
import { InvalidInputError, NotFoundError, type NylasError } from "../../errors.js";
import { deleteGrant } from "../../nylas/grants.js";
import type { Grant } from "../../nylas/wire.js";
import type { Lifecycle } from "../lifecycle.js";
import { decideAdoption, isRenamed, isTaken, isToBeTakenBack, markerToSend } from "../ownership/grant.js";
import { formatMarker, hasOtherOwner, holderOf, type Marker, parseMarker } from "../ownership/marker.js";
import { isUnknown, replacing } from "../properties/validate.js";
import { asText, changed, pick, type Values } from "../properties/values.js";
import { sameApplication } from "../same-application.js";
import type { Run } from "../session.js";
import { goneBeforeUpdate, invisible, notYetVisible, withNoteOfDeletion } from "./absence.js";
import { authenticate, authenticateNew, verifyMailbox } from "./authenticate.js";
import { checkGrantArguments } from "./check.js";
import { credentials } from "./credentials.js";
import {
  AUTHENTICATED_ARGUMENTS,
  changedPasswords,
  GRANT_DEFAULTS,
  type GrantArguments,
  type Password,
  passwordsLeavingState,
  RECORDED_ARGUMENTS,
  REPLACING_ARGUMENTS,
  readGrantArguments,
  storedArguments,
  TABLE,
} from "./properties.js";
import { type GrantOutputs, type HiddenOutputs, KEPT_OUTPUTS } from "./state.js";
import type { AuthenticatedGrant } from "./unforeseen.js";

/** The two statuses of Nylas's contract. */
const VALID = "valid";
/** The next `up` authenticates such a grant again. */
const INVALID = "invalid";

/** A mailbox that a Nylas application may use. */
export const grantLifecycle: Lifecycle = {
  properties: TABLE,

  check: checkGrantArguments,

  diff(olds, news) {
    const replaces = replacingArguments(olds, news);
    const differs = new Set([
      ...replaces,
      ...changed(olds, news, RECORDED_ARGUMENTS, GRANT_DEFAULTS),
      ...authenticating(olds, news),
      ...(isRenamed(news.owner, parseMarker(asText(olds.marker))) ? ["owner"] : []),
      ...(needsVerification(olds, news) ? ["verified"] : []),
    ]);
    return { changed: [...differs], replaces };
  },

  secretChanges(olds, news) {
    const known = changedPasswords(olds, news).filter(({ digest }) => !isUnknown(news[digest]));
    if (known.length === 0) return undefined;
    const passwords = known.map((password) => {
      const given = givenAs(password, news);
      return given === password.argument ? given : `the password that ${given} names`;
    });
    const verb = passwords.length === 1 ? "differs" : "differ";
    return `${asText(olds.email) ?? asText(olds.imapUsername)}: ${passwords.join(" and ")} ${verb}`;
  },

  ownership({ applicationId, marker }) {
    const inState = parseMarker(asText(marker));
    if (typeof applicationId !== "string" || inState?.nonce === undefined) return undefined;
    return { applicationId, owner: inState.owner, nonce: inState.nonce };
  },

  async create(run, inputs) {
    const args = readGrantArguments(inputs);
    // Fails before any request if a password's source has become absent since the plan.
    credentials(args, run.host);
    const { applicationId } = await run.client.application();
    return run.exclusively(args.imapUsername, async () => {
      const found = await findExisting(run, args);
      const adopting = found === undefined ? false : decideAdoption(run, args, found, applicationId);
      // Read before this run writes its own note.
      const interrupted = args.owner === undefined ? undefined : run.unsaved.find(applicationId, args.owner);
      const marker = markerToSend(run, args, adopting, applicationId);
      const authentication = { run, args, applicationId, marker };
      const authenticated =
        found === undefined
          ? await authenticateNew(authentication, interrupted?.time)
          : await authenticate(authentication, adopting, found);
      run.owners.record(authenticated.grant.id, args.owner);
      return {
        id: authenticated.grant.id,
        outs: await verifyMailbox(
          run,
          args,
          authenticated.grant.id,
          state(inputs, args, authenticated, marker, applicationId),
        ),
      };
    });
  },

  async read(given, id, props) {
    const { run, applicationId } = await sameApplication(given, props.applicationId, `Reading grant ${id}`);
    const grant = await run.directory.byId(id, asText(props.email));
    if (grant === undefined) {
      if (props.applicationId === undefined) throw noSuchGrant(run, id);
      const hidden = notYetVisible({ run, applicationId, id, props });
      if (hidden !== undefined) {
        run.host.notices.notify(`grant ${id} of ${String(props.email)} stays in the state: ${hidden}`);
        return { inputs: storedArguments(props), outs: props };
      }
      run.host.notices.notify(
        `grant ${id} of ${String(props.email)} was deleted outside of Pulumi; the next \`up\` makes another one`,
      );
      return undefined;
    }
    if (![VALID, INVALID].includes(grant.status)) announceStatus(run, id, grant, props);
    const marker = parseMarker(grant.state);
    const heldElsewhere = hasOtherOwner(marker, parseMarker(asText(props.marker)));
    if (heldElsewhere) {
      run.host.notices.notify(
        `grant ${id} of ${String(props.email)} is held by ${holderOf(marker?.stack, props.stack)}; the next \`up\` says what to do`,
      );
    }
    const outs = { ...props, heldElsewhere: undefined, ...(heldElsewhere ? { heldElsewhere } : {}) };
    return { inputs: storedArguments(props), outs: { ...outs, ...grantOutputs(grant), applicationId } };
  },

  async update(given, id, olds, news) {
    const args = readGrantArguments(news);
    const inState = parseMarker(asText(olds.marker));
    const renamed = isRenamed(args.owner, inState);
    const changing = needsAuthentication(olds, news);
    const verifying = changing || needsVerification(olds, news);
    announceRemoval(given, args, passwordsLeavingState(olds, news));
    if (!renamed && !verifying) return { ...pick(olds, KEPT_OUTPUTS), ...storedArguments(news) };

    if (changing || renamed) credentials(args, given.host);
    const operation = `Updating grant ${id} of ${args.imapUsername}`;
    const { run, applicationId } = await sameApplication(given, olds.applicationId, operation);
    return run.exclusively(args.imapUsername, async () => {
      const found = await run.directory.byId(id, args.imapUsername);
      if (found === undefined) {
        const hidden = notYetVisible({ run, applicationId, id, props: olds });
        throw hidden === undefined ? goneBeforeUpdate(operation, id) : invisible(operation, hidden);
      }
      const adopted = olds.adopted === true;
      const takenBack = isToBeTakenBack(run, operation, found, olds, args, applicationId);
      const broken = found.status === INVALID;
      if (!changing && !renamed && !takenBack && !broken) {
        return verifyMailbox(run, args, id, state(news, args, { grant: found, adopted }, inState, applicationId));
      }
      const marker = markerToSend(run, args, adopted, applicationId, inState);
      const authenticated = await authenticate({ run, args, applicationId, marker }, adopted, found);
      run.owners.record(id, args.owner);
      const outs = state(news, args, authenticated, marker, applicationId);
      return verifying || broken ? verifyMailbox(run, args, id, outs) : outs;
    });
  },

  async delete(given, id, props) {
    const mailbox = `grant ${id} of ${String(props.email ?? props.imapUsername)}`;
    if (given.owners.stays(id, props)) throw replacedByOption(mailbox);
    if (props.adopted === true && props.deleteAdopted !== true) {
      given.host.notices.notify(`${mailbox} was adopted and stays at Nylas (deleteAdopted: true would delete it)`);
      return;
    }
    const { run, applicationId } = await sameApplication(given, props.applicationId, `Deleting ${mailbox}`);
    const email = String(props.email ?? props.imapUsername ?? id);
    await run.exclusively(email, async () => {
      // Request the grant itself rather than use the cached list: another run may have adopted it since.
      const found = await run.directory.request(id, email);
      if (found !== undefined && isTaken(run, `Deleting ${mailbox}`, found, props, applicationId)) {
        run.owners.recordRetained(id);
        run.host.notices.notify(
          `${mailbox} stays at Nylas: another resource has adopted it. If that resource is gone, nothing manages the grant any more; delete it by its id`,
        );
        return;
      }
      if (found === undefined) {
        const hidden = notYetVisible({ run, applicationId, id, props });
        if (hidden !== undefined) throw invisible(`Deleting ${mailbox}`, hidden);
      } else {
        await withNoteOfDeletion(run, applicationId, id, () => deleteGrant(run.client, id));
      }
      run.directory.remove(id);
      run.owners.remove(id);
    });
  },
};

/** Finds the mailbox's grant by address; for a log-in name, whose address is unknown, by this owner's marker. */
async function findExisting(run: Run, { imapUsername, owner }: GrantArguments): Promise<Grant | undefined> {
  const found = await run.directory.byEmail(imapUsername);
  if (found !== undefined || isAddress(imapUsername) || owner === undefined) return found;
  return run.directory.findByState(({ state }) => parseMarker(state)?.owner === owner);
}

function replacingArguments(olds: Values, news: Values): string[] {
  const replaces = replacing(olds, news, REPLACING_ARGUMENTS, GRANT_DEFAULTS);
  // Another spelling of the same mailbox does not replace.
  const isOtherMailbox =
    !isUnknown(news.imapUsername) && !sameMailbox(asText(olds.imapUsername) ?? "", asText(news.imapUsername) ?? "");
  return isOtherMailbox ? ["imapUsername", ...replaces] : replaces;
}

function needsAuthentication(olds: Values, news: Values): boolean {
  return authenticating(olds, news).length > 0;
}

/** The arguments and outputs for which the mailbox has to be authenticated. */
function authenticating(olds: Values, news: Values): string[] {
  return [
    ...changed(olds, news, AUTHENTICATED_ARGUMENTS, GRANT_DEFAULTS),
    ...changedPasswords(olds, news).map((password) => givenAs(password, news)),
    // Another status is not known to end with an authentication, so each `up` would send one.
    ...(olds.grantStatus === INVALID ? ["grantStatus"] : []),
    ...(olds.heldElsewhere === true ? ["heldElsewhere"] : []),
  ];
}

/** The argument by which the program gives a password: itself, or its source. */
function givenAs({ argument, source }: Password, news: Values): string {
  return news[source] === undefined ? argument : source;
}

function needsVerification(olds: Values, news: Values): boolean {
  return olds.verified === false && news.verify !== false;
}

function announceStatus({ host }: Run, id: string, { status }: Grant, { email }: Values): void {
  host.notices.notify(
    `Nylas calls grant ${id} of ${String(email)} "${status}", which this package does not know; \`up\` leaves it as it is. ` +
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

/** The outputs that Pulumi stores: the arguments without passwords, and the grant as Nylas returned it. */
function state(
  inputs: Values,
  args: GrantArguments,
  { grant, adopted }: AuthenticatedGrant,
  marker: Marker | undefined,
  applicationId: string,
): Values & GrantOutputs & HiddenOutputs {
  const sent = marker === undefined ? undefined : formatMarker({ ...marker, adopted });
  return {
    ...storedArguments(inputs),
    ...grantOutputs(grant),
    email: grant.email ?? args.imapUsername,
    adopted,
    applicationId,
    marker: parseMarker(grant.state) === undefined ? sent : grant.state,
  };
}

function grantOutputs(
  grant: Grant,
): Omit<GrantOutputs, "email" | "adopted" | "applicationId"> & { grantId: string; email?: string } {
  return {
    grantId: grant.id,
    ...(grant.email === undefined ? {} : { email: grant.email }),
    grantStatus: grant.status,
    createdAt: grant.createdAt,
    updatedAt: grant.updatedAt,
  };
}

/** Refuses to replace a grant that only an option, set by a transformation or transform, gives up for another one. */
function replacedByOption(mailbox: string): NylasError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: `Replacing ${mailbox}`,
    answer:
      "its last update failed halfway, and a transformation or transform of the program has given it replaceOnChanges, which would " +
      "delete the grant to make another one with other object ids. Nothing was changed",
    remedy:
      'take "*" or "#initerror" out of its replaceOnChanges, or run `pulumi refresh`; then run `pulumi up`, which keeps the grant. ' +
      "To have another grant on purpose, name the resource in `pulumi up --replace`",
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
