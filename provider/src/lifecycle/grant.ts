import { createHash } from "node:crypto";
import { notify } from "../notify.js";
import { findConnector } from "../nylas/connectors.js";
import {
  AccessError,
  AlreadyExistsError,
  ConnectorError,
  CredentialsError,
  NylasError,
  UnexpectedResponseError,
} from "../nylas/errors.js";
import { authenticateMailbox, deleteGrant, findGrant, probeMailbox } from "../nylas/grants.js";
import type { Grant } from "../nylas/wire.js";
import { preflight } from "../preflight/preflight.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { isUnknown } from "../validate.js";
import { sameApplication } from "./application.js";
import {
  AUTHENTICATED_ARGUMENTS,
  checkGrantArguments,
  credentials,
  GRANT_ARGUMENTS,
  GRANT_DEFAULTS,
  GRANT_SECRETS,
  type GrantArguments,
  readGrantArguments,
} from "./grant-arguments.js";
import { asText, changed, HalfMadeError, type Lifecycle, pick, type Values } from "./lifecycle.js";
import { formatMarker, parseMarker } from "./ownership.js";

import type { Run } from "./run.js";

/**
 * Seconds by which a grant may look older than the request that made it: the API counts whole seconds, and the two time
 * stamps need not be taken at once.
 */
const CREATION_TOLERANCE_SECONDS = 2;

/** A mailbox that Nylas may use: observe, ensure, and give back what was observed. */
export const grantLifecycle: Lifecycle = {
  secrets: GRANT_SECRETS,

  check: checkGrantArguments,

  diff(olds, news) {
    const replaces = replacingArguments(olds, news);
    const changes =
      replaces.length > 0 ||
      changed(olds, news, comparedArguments, GRANT_DEFAULTS).length > 0 ||
      needsAuthentication(olds, news) ||
      needsVerification(olds, news);
    return { changes, replaces };
  },

  async create(run, inputs) {
    const args = readGrantArguments(inputs);
    const { applicationId } = await run.client.application();
    return run.exclusively(args.imapUsername, async () => {
      const found = await run.directory.byEmail(args.imapUsername);
      const adopting = found === undefined ? false : claim(run, args, found);
      const held = await authenticate(run, args, adopting, found);
      return { id: held.grant.id, outs: await verified(run, args, state(inputs, args, held, applicationId)) };
    });
  },

  async read(run, id, props) {
    const applicationId = await sameApplication(run.client, props.applicationId, `Reading grant ${id}`);
    const grant = await run.directory.byId(id);
    if (grant === undefined) {
      if (props.grantId === undefined) throw noSuchGrant(run, id);
      notify(`grant ${id} of ${String(props.email)} was deleted outside of Pulumi; the next \`up\` makes another one`);
      return undefined;
    }
    return { inputs: pick(props, GRANT_ARGUMENTS), outs: { ...props, ...facts(grant), applicationId } };
  },

  async update(run, id, olds, news) {
    const args = readGrantArguments(news);
    const authenticating = needsAuthentication(olds, news);
    if (!authenticating && !needsVerification(olds, news))
      return { ...serverFacts(olds), ...pick(news, GRANT_ARGUMENTS) };

    const operation = `Updating grant ${id} of ${args.imapUsername}`;
    const applicationId = await sameApplication(run.client, olds.applicationId, operation);
    return run.exclusively(args.imapUsername, async () => {
      const found = await run.directory.byId(id);
      if (found === undefined) throw goneBeforeUpdate(operation, id);
      const adopted = olds.adopted === true;
      if (!authenticating) return verified(run, args, state(news, args, { grant: found, adopted }, applicationId));

      refuseForeign(operation, found, olds);
      const held = await authenticate(run, args, adopted, found);
      return verified(run, args, state(news, args, held, applicationId));
    });
  },

  async delete(run, id, props) {
    const mailbox = `grant ${id} of ${String(props.email ?? props.imapUsername)}`;
    if (props.adopted === true && props.deleteAdopted !== true) {
      notify(`${mailbox} was adopted and stays at Nylas (deleteAdopted: true would delete it)`);
      return;
    }
    await sameApplication(run.client, props.applicationId, `Deleting ${mailbox}`);
    const email = String(props.email ?? props.imapUsername ?? id);
    await run.exclusively(email, async () => {
      const ours = parseMarker(asText(props.marker))?.owner;
      const taker = run.authenticatedBy.get(id);
      const found = await findGrant(run.client, id);
      const marked = parseMarker(found?.state)?.owner;
      if (
        found !== undefined &&
        ours !== undefined &&
        [taker, marked].some((owner) => owner !== undefined && owner !== ours)
      ) {
        notify(`${mailbox} stays at Nylas: another resource has adopted it`);
        return;
      }
      if (found !== undefined) await deleteGrant(run.client, id);
      run.directory.remove(id);
      run.deletedGrants.add(id);
    });
  },
};

/** Compared by value; `imapUsername`, `application` and `owner` have rules of their own. */
const comparedArguments = GRANT_ARGUMENTS.filter(
  (name) => !["imapUsername", "application", "owner", "connector"].includes(name),
);

function replacingArguments(olds: Values, news: Values): string[] {
  const replaces: string[] = [];
  // A value that is not known yet replaces nothing: the engine asks again when it is.
  if (!isUnknown(news.imapUsername) && !sameAddress(olds.imapUsername, news.imapUsername))
    replaces.push("imapUsername");
  if (
    !isUnknown(news.application) &&
    (olds.application ?? DEFAULT_APPLICATION) !== (news.application ?? DEFAULT_APPLICATION)
  ) {
    replaces.push("application");
  }
  return replaces;
}

/** Mail servers and Nylas take an address for the same mailbox whatever its letter case; a replacement would lose it. */
function sameAddress(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" && a.toLowerCase() === b.toLowerCase();
}

function needsAuthentication(olds: Values, news: Values): boolean {
  return changed(olds, news, AUTHENTICATED_ARGUMENTS, GRANT_DEFAULTS).length > 0 || olds.grantStatus !== "valid";
}

function needsVerification(olds: Values, news: Values): boolean {
  return olds.verified === false && news.verify !== false;
}

/** Whether taking the grant means adopting it; throws when it is not this resource's to take. */
function claim(run: Run, args: GrantArguments, found: Grant): boolean {
  const marker = parseMarker(found.state);
  const ours = marker !== undefined && marker.owner === args.owner;
  // Made by this resource in a run that ended before Pulumi could save it.
  if (ours && !marker.adopted) return false;
  if (args.onExisting === "adopt" && found.provider === "imap") return true;
  throw grantExists(run, args, found);
}

function grantExists(run: Run, args: GrantArguments, found: Grant, effect = "Nothing was changed"): AlreadyExistsError {
  const whose =
    found.provider === "imap"
      ? parseMarker(found.state) === undefined
        ? "it carries no marker of this package, so somebody else made it (or Nylas does not return the marker)"
        : "another resource or stack made it with this package"
      : `its provider is ${found.provider}, which cannot be adopted as IMAP`;
  const adopt = found.provider === "imap" ? `set onExisting: "adopt" to take it over (it then stays at destroy), ` : "";
  return new AlreadyExistsError({
    code: "grant_exists",
    operation: `Creating a grant for ${args.imapUsername} in application "${run.client.settings.application}"`,
    answer: `the mailbox has grant ${found.id} already; ${whose}. ${effect}`,
    remedy: `${adopt}or refer to it with ByoImapGrant.get(name, "${found.id}"), or delete it if its history may be lost`,
  });
}

/** The one place that sends credentials: for creation, adoption, rotation and healing alike. */
async function authenticate(run: Run, args: GrantArguments, adopted: boolean, found: Grant | undefined): Promise<Held> {
  const attempt = createHash("sha256")
    .update(JSON.stringify(credentials(args)))
    .digest("hex");
  const refused = run.lockedMailboxes.get(args.imapUsername.toLowerCase()) ?? run.refusedLogins.get(attempt);
  if (refused !== undefined) throw refused;

  await preflight(credentials(args), args.preflight);
  const startedAt = Date.now();
  const grant = await post(run, args, adopted, found, attempt);
  if (found !== undefined && grant.id !== found.id) throw otherGrantAnswered(args, found, grant);
  if (found !== undefined || !existedBefore(grant, startedAt)) return { grant, adopted };

  // The list did not show the grant, and authenticating it has put our marker on it. Marked as adopted, no later run takes
  // it for one that this resource made, and none deletes it unasked.
  const marked = await post(run, args, true, grant, attempt);
  if (args.onExisting !== "adopt") throw grantExists(run, args, marked, "It was authenticated before it could be seen");
  return { grant: marked, adopted: true };
}

/** A grant that this resource has just authenticated. */
interface Held {
  grant: Grant;
  adopted: boolean;
}

async function post(
  run: Run,
  args: GrantArguments,
  adopted: boolean,
  found: Grant | undefined,
  attempt: string,
): Promise<Grant> {
  const state = args.owner === undefined ? undefined : formatMarker({ owner: args.owner, adopted });
  try {
    const { value: grant } = await authenticateMailbox(run.client, credentials(args), state);
    run.directory.enter(grant);
    run.deletedGrants.delete(grant.id);
    if (args.owner !== undefined) run.authenticatedBy.set(grant.id, args.owner);
    return grant;
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    const explained = await explainRefusal(run, error, found);
    if (explained instanceof CredentialsError) {
      run.refusedLogins.set(attempt, explained);
      if (explained.code === "auth_limit_reached") run.lockedMailboxes.set(args.imapUsername.toLowerCase(), explained);
    }
    throw explained;
  }
}

/** Finds out what a refused `connect/custom` means; Nylas has one status for several causes. */
async function explainRefusal(run: Run, error: NylasError, found: Grant | undefined): Promise<NylasError> {
  const kept =
    found === undefined ? "nothing was made" : `grant ${found.id} was not changed and goes on with its old credentials`;
  const base = { operation: error.operation, status: error.status, requestId: error.requestId, type: error.type };
  if (endsWith(error.type, "auth_limit_reached")) {
    return new CredentialsError({
      ...base,
      code: "auth_limit_reached",
      answer: `${error.answer}; too many wrong passwords, ${kept}`,
      remedy: "wait until the mail server unlocks the mailbox, then run again with the right imapPassword",
    });
  }
  const refusedLogin = endsWith(error.type, "invalid_authentication");
  if (!refusedLogin && error.status !== 400 && error.status !== 404) return error;
  if (!refusedLogin && (await findConnector(run.client)) === undefined) {
    return new ConnectorError({
      ...base,
      code: "connector_missing",
      answer: `${error.answer}; the application has no IMAP connector, ${kept}`,
      remedy: "declare one with `new ImapConnector(…)` and pass it as `connector`, so that it is made first",
    });
  }
  return new CredentialsError({
    ...base,
    code: "invalid_credentials",
    answer: `the login was refused: ${error.answer}; ${kept}`,
    remedy:
      "check imapUsername and imapPassword at imapHost; many providers want an app password instead of the user's own. A wrong password is not tried again in this run",
  });
}

function endsWith(type: string | undefined, suffix: string): boolean {
  return type !== undefined && (type === suffix || type.endsWith(`.${suffix}`));
}

/** Whether Nylas re-authenticated a grant that its list did not show, instead of making one. */
function existedBefore(grant: Grant, startedAt: number): boolean {
  const elapsed = (Date.now() - startedAt) / 1000;
  const age = (Date.parse(grant.updatedAt) - Date.parse(grant.createdAt)) / 1000;
  return age > elapsed + CREATION_TOLERANCE_SECONDS;
}

function otherGrantAnswered(args: GrantArguments, found: Grant, grant: Grant): UnexpectedResponseError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation: `Authenticating mailbox ${args.imapUsername}`,
    answer: `Nylas answered with grant ${grant.id} instead of ${found.id}; the state was not changed`,
    remedy: "run `pulumi refresh` to see which of them exists, then `pulumi up`",
  });
}

/** Proves that Nylas can use the grant; a failure keeps the grant and is healed by the next run. */
async function verified(run: Run, args: GrantArguments, outs: Values): Promise<Values> {
  if (!args.verify) return outs;
  const grantId = String(outs.grantId);
  try {
    await probeMailbox(run.client, grantId, args.imapUsername);
    return outs;
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    const kept = `grant ${grantId} exists and is kept; the next \`up\` checks it again`;
    // The key has just been good for the authentication, so a 401 here speaks of the mailbox.
    if (!(error instanceof AccessError)) {
      throw new HalfMadeError(grantId, { ...outs, verified: false }, `${error.message}\n  kept:       ${kept}`);
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
    throw new HalfMadeError(grantId, { ...outs, verified: false, grantStatus: "invalid" }, unusable.message);
  }
}

/** What Pulumi stores: the arguments as sent, and what Nylas said. */
function state(inputs: Values, args: GrantArguments, { grant, adopted }: Held, applicationId: string): Values {
  const echoed = parseMarker(grant.state);
  const sent = args.owner === undefined ? undefined : formatMarker({ owner: args.owner, adopted });
  return {
    ...pick(inputs, GRANT_ARGUMENTS),
    ...facts(grant),
    email: grant.email ?? args.imapUsername,
    adopted,
    applicationId,
    marker: echoed === undefined ? sent : grant.state,
  };
}

function facts(grant: Grant): Values {
  return {
    grantId: grant.id,
    ...(grant.email === undefined ? {} : { email: grant.email }),
    grantStatus: grant.status,
    createdAt: grant.createdAt,
    updatedAt: grant.updatedAt,
  };
}

/** What the state holds besides the arguments. */
function serverFacts(olds: Values): Values {
  return pick(olds, [
    "grantId",
    "email",
    "grantStatus",
    "createdAt",
    "updatedAt",
    "adopted",
    "applicationId",
    "marker",
  ]);
}

function refuseForeign(operation: string, found: Grant, olds: Values): void {
  const ours = parseMarker(asText(olds.marker))?.owner;
  const marked = parseMarker(found.state)?.owner;
  if (ours === undefined || marked === undefined || marked === ours) return;
  throw new AlreadyExistsError({
    code: "grant_exists",
    operation,
    answer: "another resource or stack has adopted the grant since; nothing was changed",
    remedy:
      "change the password where the grant is managed now, and remove this resource from the program: its grant stays",
  });
}

function goneBeforeUpdate(operation: string, id: string): NylasError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation,
    answer: `the grant does not exist any more; it was deleted outside of Pulumi`,
    status: 404,
    remedy: `run \`pulumi up --refresh\`: it drops ${id} from the state and makes another grant`,
  });
}

function noSuchGrant(run: Run, id: string): NylasError {
  return new UnexpectedResponseError({
    code: "unexpected_response",
    operation: `Looking up grant ${id}`,
    answer: `application "${run.client.settings.application}" has no such grant`,
    status: 404,
    remedy: "check the id, the API key's application and the region; `nylas-imap doctor` lists the grants",
  });
}
