import { notify } from "../notify.js";
import { type NylasError, UnexpectedResponseError } from "../nylas/errors.js";
import { deleteGrant, findGrant } from "../nylas/grants.js";
import type { Grant } from "../nylas/wire.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { isUnknown } from "../validate.js";
import { sameApplication } from "./application.js";
import {
  AUTHENTICATED_ARGUMENTS,
  checkGrantArguments,
  GRANT_ARGUMENTS,
  GRANT_DEFAULTS,
  GRANT_SECRETS,
  type GrantArguments,
  readGrantArguments,
} from "./grant-arguments.js";
import { authenticate, type Held, verified } from "./grant-authentication.js";
import { claim, isTaken, refuseForeign } from "./grant-ownership.js";
import { asText, changed, type Lifecycle, pick, type Values } from "./lifecycle.js";
import { formatMarker, parseMarker } from "./ownership.js";
import type { Run } from "./run.js";

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
      run.holders.took(held.grant.id, args.owner);
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
    // The marker stays the one that the grant was made with: after a rename with an alias it names the old owner, and a run
    // that is killed between writing another one and saving the state would no longer know its own grant.
    const declared = readGrantArguments(news);
    const args = { ...declared, owner: parseMarker(asText(olds.marker))?.owner ?? declared.owner };
    const authenticating = needsAuthentication(olds, news);
    if (!authenticating && !needsVerification(olds, news))
      return { ...serverFacts(olds), ...pick(news, GRANT_ARGUMENTS) };

    const operation = `Updating grant ${id} of ${args.imapUsername}`;
    const applicationId = await sameApplication(run.client, olds.applicationId, operation);
    return run.exclusively(args.imapUsername, async () => {
      const found = await run.directory.byId(id);
      if (found === undefined) throw goneBeforeUpdate(operation, id);
      const adopted = olds.adopted === true;
      refuseForeign(operation, found, olds, args);
      if (!authenticating) return verified(run, args, state(news, args, { grant: found, adopted }, applicationId));

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
      // Asked for by itself, not taken from a list: another run may have adopted it a moment ago.
      const found = await findGrant(run.client, id);
      if (found !== undefined && isTaken(run, found, props)) {
        notify(`${mailbox} stays at Nylas: another resource has adopted it`);
        return;
      }
      if (found !== undefined) await deleteGrant(run.client, id);
      run.directory.remove(id);
      run.holders.released(id);
    });
  },
};

/** Compared by value; `imapUsername` and `application` have rules of their own, and `connector` only orders. */
const comparedArguments = GRANT_ARGUMENTS.filter(
  (name) => !["imapUsername", "application", "connector"].includes(name),
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
    remedy: "check the id, the API key's application and the region; listGrants() of this package shows what there is",
  });
}
