import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { mailboxKey } from "../../address.js";
import {
  AccessError,
  ConnectorError,
  CredentialsError,
  MailServerError,
  NylasError,
  UnexpectedResponseError,
} from "../../errors.js";
import { CONNECTOR_ID, findConnector } from "../../nylas/connectors.js";
import { authenticateMailbox, type MailboxCredentials, probeMailbox } from "../../nylas/grants.js";
import { visibleInMs } from "../../nylas/visibility.js";
import type { Grant } from "../../nylas/wire.js";
import { preflight } from "../../preflight/preflight.js";
import { adviceForPassword, adviceForServer } from "../../provider-advice.js";
import { PartialFailureError } from "../lifecycle.js";
import { writeClaim } from "../ownership/grant.js";
import { formatMarker, type Marker } from "../ownership/marker.js";
import type { ApplicationRun, Run } from "../session.js";
import { notReadableYet } from "./absence.js";
import type { GrantArguments } from "./properties.js";
import { type GrantState, writeGrantState } from "./state.js";
import {
  type Answered,
  type AuthenticatedGrant,
  type Authentication,
  existedBefore,
  isOfInterruptedRun,
  otherGrantAnswered,
  takeExisting,
  type Unforeseen,
} from "./unforeseen.js";

/**
 * Prepares an authentication: refuses credentials that this run has seen refused, logs in from here if the program asks for that, and
 * writes the note that this run is about to take the grant. `inState` is the marker in the state, `found` a grant that is
 * taken over.
 */
export async function prepareAuthentication(
  run: ApplicationRun,
  args: GrantArguments,
  mailbox: MailboxCredentials,
  adopted: boolean,
  { inState, found }: { inState?: Marker | undefined; found?: Grant | undefined },
): Promise<Authentication> {
  const refused = run.lockedMailboxes.get(mailboxKey(args.imapUsername)) ?? run.refusedLogins.get(digestOf(mailbox));
  if (refused !== undefined) throw refused;
  await remembering(run, mailbox, () => preflight(mailbox, args.preflight, run.host.notices));
  // Read before this run writes its own note.
  const interrupted = args.owner === undefined ? undefined : run.notes.find(args.owner);
  return { run, args, mailbox, marker: writeClaim(run, args, adopted, inState, found), interrupted };
}

/** Authenticates a mailbox that has a grant: for adoption, rotation and repair. */
export async function authenticate(
  authentication: Authentication,
  adopted: boolean,
  found: Grant,
): Promise<AuthenticatedGrant> {
  const { run, mailbox } = authentication;
  const answered = await postClaimed(authentication, found);
  const { grant } = answered;
  if (grant.id === found.id) return { grant, adopted };
  throw await otherGrantAnswered(authentication, found, withSender(run, mailbox, answered));
}

/** Authenticates a mailbox for which no grant is known: Nylas creates one, or authenticates one that its list did not show. */
export async function authenticateNew(authentication: Authentication): Promise<AuthenticatedGrant> {
  const { run, mailbox, interrupted } = authentication;
  const answered = await postClaimed(authentication, undefined);
  const { grant, existed } = answered;
  const before = answered.before ?? ofAnotherResource(authentication, grant);
  const isOurs = !existed || isOfInterruptedRun(run, grant, interrupted?.time);
  if (before === undefined && isOurs) return { grant, adopted: false };
  return takeExisting(authentication, withSender(run, mailbox, { ...answered, before }));
}

/** Sends the authentication. Where it had no effect, no later run must take what somebody else makes for its own. */
async function postClaimed(
  { run, mailbox, marker, interrupted }: Authentication,
  found: Grant | undefined,
): Promise<Answered> {
  try {
    return await post(run, mailbox, textOf(marker), found);
  } catch (error) {
    const hadNoEffect = error instanceof NylasError && error.mayHaveTakenEffect === false;
    if (hadNoEffect && interrupted === undefined && marker !== undefined) run.notes.remove(marker.owner, marker.nonce);
    throw error;
  }
}

/** The grant as the state of another resource of the program has it; Nylas's list may not show it yet. */
function ofAnotherResource({ run, args }: Authentication, grant: Grant): Grant | undefined {
  if (!run.owners.isOwnedByOther(grant.id, args.owner)) return undefined;
  const marker = run.owners.plannedMarker(grant.id);
  return { ...grant, state: marker && formatMarker(marker) };
}

function withSender(run: Run, mailbox: MailboxCredentials, answered: Answered): Unforeseen {
  return { ...answered, send: (state) => post(run, mailbox, state, answered.grant) };
}

async function post(
  run: Run,
  mailbox: MailboxCredentials,
  state: string | undefined,
  found: Grant | undefined,
): Promise<Answered> {
  const known = run.directory.snapshot();
  // Not from here on: while the request waits, somebody else may make the grant.
  let sentAt = performance.now();
  return remembering(run, mailbox, async () => {
    try {
      const grant = await authenticateMailbox(run.client, mailbox, state, found?.id, (at) => {
        sentAt = at;
      });
      const before = known(grant.id);
      run.directory.enter(grant);
      return { grant, before, existed: existedBefore(run, grant, sentAt) };
    } catch (error) {
      throw error instanceof NylasError ? await explainRefusal(run, error, mailbox, found) : error;
    }
  });
}

/** Keeps the error of a refused login for the rest of the run. A mail server that hangs up may count a wrong password too. */
async function remembering<T>(run: Run, mailbox: MailboxCredentials, login: () => Promise<T>): Promise<T> {
  try {
    return await login();
  } catch (error) {
    if (error instanceof CredentialsError || error instanceof MailServerError) {
      run.refusedLogins.set(digestOf(mailbox), error);
      if (error.code === "auth_limit_reached") run.lockedMailboxes.set(mailboxKey(mailbox.imapUsername), error);
    }
    throw error;
  }
}

function textOf(marker: Marker | undefined): string | undefined {
  return marker === undefined ? undefined : formatMarker(marker);
}

/** Identifies refused credentials without keeping them in memory. */
function digestOf(mailbox: MailboxCredentials): string {
  return createHash("sha256").update(JSON.stringify(mailbox)).digest("hex");
}

/** Determines why `connect/custom` failed: Nylas uses one status for several causes. */
async function explainRefusal(
  run: Run,
  error: NylasError,
  mailbox: MailboxCredentials,
  found: Grant | undefined,
): Promise<NylasError> {
  if (error instanceof MailServerError) return error;
  const kept = describeKept(found);
  const { operation, status, requestId, type, attempts, mayHaveTakenEffect } = error;
  const base = { operation, status, requestId, type, attempts, mayHaveTakenEffect };
  if (endsWith(error.type, "auth_limit_reached")) {
    return new CredentialsError({
      ...base,
      code: "auth_limit_reached",
      answer: `${error.answer}; too many wrong passwords, ${kept}`,
      remedy: "wait until the mail server unlocks the mailbox, then run again with the right imapPassword",
    });
  }
  if (endsWith(error.type, "invalid_authentication")) {
    return new CredentialsError({
      ...base,
      code: "invalid_credentials",
      answer: `the login was refused: ${error.answer}; ${kept}`,
      remedy: `check imapUsername and imapPassword at imapHost; ${adviceFor(mailbox)}. A wrong password is not tried again in this run`,
    });
  }
  // Without a type, the answer is not Nylas's.
  if (error.type === undefined || (error.status !== 400 && error.status !== 404)) return error;
  if (await isConnectorMissing(run)) {
    return new ConnectorError({
      ...base,
      code: "connector_missing",
      answer: `${error.answer}; the application has no IMAP connector, ${kept}`,
      remedy: makeConnector(run),
    });
  }
  return new UnexpectedResponseError({
    ...base,
    code: "unexpected_response",
    answer: `${error.answer}; ${kept}`,
    remedy:
      "Nylas refuses the request, and does not say that it is for the credentials: compare the arguments with its answer. The " +
      "Nylas dashboard has the request id in its logs; otherwise report this whole error to this package",
  });
}

/** How to come by a connector, the likeliest way first: whether the run has planned one tells whether it was left out. */
function makeConnector({ owners, host }: Run): string {
  const remake =
    "it was deleted outside of Pulumi: run `pulumi up --refresh`, which makes it again and keeps the grants' ids";
  const declare = `declare one with \`${host.wording.newConnector}\` and pass it as \`connector\`, so that it is made first`;
  if (owners.isOwned(CONNECTOR_ID)) return `${remake}. Otherwise ${declare}`;
  return `${declare}. If it is declared, it was left out of this run by --target or --exclude: run \`pulumi up\` with it; or ${remake}`;
}

function describeKept(found: Grant | undefined): string {
  if (found === undefined) return "no grant was created";
  if (found.status === "invalid") return `grant ${found.id} was not changed and stays invalid`;
  return `grant ${found.id} was not changed: Nylas keeps the credentials of its last authentication`;
}

function adviceFor({ imapHost, imapPassword }: MailboxCredentials): string {
  const provider = adviceForServer(imapHost) ?? "many providers want an app password instead of the user's own";
  return [provider, adviceForPassword(imapPassword)].filter((advice) => advice !== undefined).join("; ");
}

/** Whether there is no connector. False if that cannot be told: the answer to be explained is then the better one. */
async function isConnectorMissing({ client }: Run): Promise<boolean> {
  try {
    return (await findConnector(client)) === undefined;
  } catch (error) {
    if (error instanceof NylasError) return false;
    throw error;
  }
}

function endsWith(type: string | undefined, suffix: string): boolean {
  return type !== undefined && (type === suffix || type.endsWith(`.${suffix}`));
}

/** Checks that Nylas can read the mailbox. After a failure the grant is kept, and the next run checks it again. */
export async function verifyMailbox(
  run: Run,
  args: GrantArguments,
  grantId: string,
  state: GrantState,
): Promise<GrantState> {
  if (!args.verify) return state;
  const failed = (changes: Partial<GrantState>, message: string) =>
    new PartialFailureError(grantId, writeGrantState({ ...state, verified: false, ...changes }), message);
  try {
    await probeMailbox(run.client, grantId, args.imapUsername);
    return state;
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    const kept = `grant ${grantId} exists and is kept; the next \`up\` checks it again`;
    if (error.status === 404 && visibleInMs(run.client, state.createdAt) > 0) {
      const { operation, requestId } = error;
      throw failed({}, notReadableYet(operation, requestId, kept).message);
    }
    // The authentication has just succeeded with this API key, so a 401 here is about the mailbox.
    if (!(error instanceof AccessError && error.code === "api_key_refused")) {
      const explained = new NylasError({ ...error, remedy: `${error.remedy}; ${kept}` });
      throw failed({}, explained.message);
    }
    const { operation, status, requestId, type, answer } = error;
    const unusable = new CredentialsError({
      code: "invalid_credentials",
      operation,
      answer: `the mailbox was authenticated, but Nylas cannot read it: ${answer}`,
      status,
      requestId,
      type,
      remedy: `check that the mailbox may be read over IMAP, then run \`pulumi up\` again; ${kept}`,
    });
    throw failed({ grantStatus: "invalid" }, unusable.message);
  }
}
