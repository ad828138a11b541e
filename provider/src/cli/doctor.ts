import { hasOtherOwner, markerOf, shortened } from "../core/ownership/marker.js";
import { AccessError, MailServerError, NylasError } from "../errors.js";
import { type NylasClient, otherRegion } from "../nylas/client.js";
import { findConnector } from "../nylas/connectors.js";
import { listReadableGrants, mayBeImap } from "../nylas/grant-list.js";
import { findGrant, probeMailbox } from "../nylas/grants.js";
import { visibleInMs } from "../nylas/visibility.js";
import type { Application, Connector, Grant, UnreadableGrant } from "../nylas/wire.js";
import { environmentVariable, isInClear } from "../settings.js";
import { markedBy, ownerOf, subjectOf } from "./describe.js";
import type { StackState } from "./stack-state.js";

/** Nylas's limit for an application, in requests per second. */
const NYLAS_LIMIT = 50;

const DOCS = {
  application: "https://developer.nylas.com/docs/reference/api/applications/",
  connector: "https://developer.nylas.com/docs/reference/api/connectors-integrations/",
  expiry: "https://developer.nylas.com/docs/cookbook/use-cases/build/handle-grant-expiry/",
  grants: "https://developer.nylas.com/docs/reference/api/manage-grants/get-all-grants/",
  imap: "https://developer.nylas.com/docs/provider-guides/imap/",
  import: "https://www.pulumi.com/docs/iac/guides/migration/import/",
  limits: "https://developer.nylas.com/docs/developer-tools/api/rate-limits/",
  permissions: "https://developer.nylas.com/docs/v3/auth/nylas-iam/permissions/",
} as const;

export type FindingCode =
  | "region_differs"
  | "rate_above_limit"
  | "http_in_clear"
  | "permission_denied"
  | "connector_missing"
  | "grant_invalid"
  | "grant_blocked"
  | "grant_status_unknown"
  | "grant_unreadable"
  | "grant_unmanaged"
  | "mailbox_unreadable"
  | "grant_of_other_stack"
  | "grant_orphaned"
  | "grant_gone"
  | "grant_not_visible"
  | "grant_taken"
  | "state_of_other_application";

/** Findings that may be as they should be; all others need doing. */
const NOTES: readonly FindingCode[] = ["grant_of_other_stack", "grant_not_visible"];

const AGAIN = "run doctor again in some minutes";

export interface Finding extends Found {
  /** A `problem` needs doing; a `note` may be as it should be. */
  level: "problem" | "note";
}

interface Found {
  code: FindingCode;
  /** What it is about: a setting, the connector, or a grant with its mailbox. */
  subject: string;
  problem: string;
  remedy: string;
  link: string;
}

export interface Diagnosis {
  application: Application & { namespace: string };
  /** The stack to compare with. */
  stack: DiagnosedStack | undefined;
  connector: Connector | undefined;
  grants: DiagnosedGrant[];
  findings: Finding[];
}

export interface DiagnosedStack {
  name: string | undefined;
  project: string | undefined;
  /** As the markers of its grants show them; after a renaming more than one, until `up` has rewritten the markers. */
  digests: string[];
}

export interface DiagnosedGrant {
  id: string;
  email: string | undefined;
  status: string;
  blocked: boolean;
  /** `stack` with the digest of its name, `this stack`, or `none`. */
  owner: string;
}

export interface DoctorOptions {
  /** The stack to compare with. */
  state: StackState | undefined;
  /** Let Nylas read each valid mailbox. */
  verify: boolean;
  /** Accept grants without an owner. */
  allowUnmanaged: boolean;
}

/** Looks at an application and sends nothing but reads. Throws if it cannot look, such as with a refused key. */
export async function diagnose(client: NylasClient, options: DoctorOptions): Promise<Diagnosis> {
  const application = await client.application();
  const findings = settingsFindings(client, application);
  const connector = await orDenied(findings, findConnector(client));
  const list = await orDenied(findings, listReadableGrants(client));
  const grants = (list?.grants ?? []).filter(({ provider }) => provider === "imap").toSorted(byAddress);

  if (connector === undefined && !findings.some(isDenied)) findings.push(noConnector(grants.length));
  findings.push(...(list?.unreadable ?? []).filter(mayBeImap).map(unreadable));
  for (const grant of grants) findings.push(...grantFindings(grant, options));
  if (options.verify) findings.push(...(await mailboxFindings(client, grants)));
  if (options.state !== undefined && list !== undefined) {
    findings.push(...(await stateFindings(client, options.state, application, grants)));
  }
  return {
    application: { ...application, namespace: client.settings.application },
    stack: options.state === undefined ? undefined : describeStack(options.state),
    connector,
    grants: grants.map((grant) => {
      const { id, email, status, blocked } = grant;
      return { id, email, status, blocked, owner: ownerIn(grant, options.state) };
    }),
    findings: findings.map((found) => ({ level: NOTES.includes(found.code) ? "note" : "problem", ...found })),
  };
}

/** Nylas's order differs between runs that made grants side by side. */
function byAddress(one: Grant, other: Grant): number {
  const addressOf = ({ email = "", id }: Grant) => `${email} ${id}`;
  return addressOf(one) < addressOf(other) ? -1 : 1;
}

function describeStack({ name, project, stacks }: StackState): DiagnosedStack {
  return { name, project, digests: [...stacks].map(shortened) };
}

function settingsFindings({ settings }: NylasClient, application: Application): Found[] {
  const { application: namespace, requestsPerSecond, apiUri } = settings;
  const findings: Found[] = [];
  const region = otherRegion(settings, application);
  if (region !== undefined) {
    findings.push({
      code: "region_differs",
      subject: environmentVariable(namespace, "region"),
      problem: `is ${settings.region}, but the application is in ${region}`,
      remedy: `set it to ${region}, and ${namespace}:region of the stacks that use the application`,
      link: DOCS.application,
    });
  }
  if (requestsPerSecond > NYLAS_LIMIT) {
    findings.push({
      code: "rate_above_limit",
      subject: environmentVariable(namespace, "requestsPerSecond"),
      problem: `is ${requestsPerSecond}; Nylas answers 429 above ${NYLAS_LIMIT} a second`,
      remedy: `lower it to ${NYLAS_LIMIT} or less, and further if several stacks share the application`,
      link: DOCS.limits,
    });
  }
  if (isInClear(apiUri)) {
    findings.push({
      code: "http_in_clear",
      subject: environmentVariable(namespace, "apiUri"),
      problem: "is http: the API key and passwords cross the network in clear",
      remedy: `use https, and remove ${environmentVariable(namespace, "allowHttp")}`,
      link: DOCS.application,
    });
  }
  return findings;
}

/** The result, or `undefined` and a finding if the key lacks the permission. */
async function orDenied<T>(findings: Found[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof NylasError) || error.code !== "permission_denied") throw error;
    findings.push(denied(error));
    return undefined;
  }
}

function denied({ operation, answer, remedy }: NylasError): Found {
  return {
    code: "permission_denied",
    subject: "the API key",
    problem: `${operation}: ${answer}`,
    remedy,
    link: DOCS.permissions,
  };
}

function isDenied({ code }: Found): boolean {
  return code === "permission_denied";
}

function noConnector(grants: number): Found {
  const hanging = grants === 0 ? "" : `, and ${grants} IMAP ${grants === 1 ? "grant hangs" : "grants hang"} on it`;
  return {
    code: "connector_missing",
    subject: "the IMAP connector",
    problem: `does not exist${hanging}`,
    remedy: "declare an ImapConnector and run `pulumi up --refresh`; the grants keep their ids",
    link: DOCS.connector,
  };
}

function unreadable({ id, email, fields }: UnreadableGrant): Found {
  return {
    code: "grant_unreadable",
    subject: subjectOf({ id: id ?? "without a valid id", email }),
    problem: `breaks Nylas's contract in ${fields}, so nothing here can manage it`,
    remedy: "report it to Nylas with the grant's id",
    link: DOCS.grants,
  };
}

function grantFindings(grant: Grant, { state, allowUnmanaged }: DoctorOptions): Found[] {
  const about = { subject: subjectOf(grant), link: DOCS.grants };
  const marker = markerOf(grant);
  const findings: Found[] = [];
  if (grant.blocked) {
    findings.push({
      ...about,
      code: "grant_blocked",
      problem: "is blocked by Nylas: its mailbox cannot be used, whatever the password",
      remedy: "ask Nylas's support why; the grant can still be read and deleted",
    });
  } else if (grant.status !== "valid" && grant.status !== "invalid") {
    findings.push({
      ...about,
      code: "grant_status_unknown",
      problem: `is "${grant.status}", a status that this package does not know; \`up\` leaves such a grant as it is`,
      remedy: "ask Nylas's support what it means; another credentialVersion authenticates the grant again",
    });
  } else if (grant.status !== "valid") {
    findings.push({
      ...about,
      code: "grant_invalid",
      link: DOCS.expiry,
      problem: `is ${grant.status}: Nylas can no longer log in`,
      remedy:
        marker === undefined
          ? "have its owner authenticate it again; whoever made it holds the password"
          : "`pulumi up --refresh` authenticates it again with the declared password, same id; if that is refused, rotate the password",
    });
  }
  if (marker === undefined && !allowUnmanaged && state?.grants.has(grant.id) !== true) {
    findings.push({
      ...about,
      code: "grant_unmanaged",
      problem: "was made outside of Pulumi, and no resource has adopted it",
      remedy: 'declare it with `onExisting: "adopt"`, which keeps its id, or accept such grants with --allow-unmanaged',
      link: DOCS.import,
    });
  }
  if (state !== undefined && marker?.stack !== undefined && !state.stacks.has(marker.stack)) {
    findings.push({
      ...about,
      code: "grant_of_other_stack",
      problem: `is ${markedBy(grant)}`,
      remedy: "nothing, if that stack exists; otherwise adopt the grant here, or delete it by its id",
    });
  }
  return findings;
}

/** One request for each mailbox that Nylas says it can use. */
async function mailboxFindings(client: NylasClient, grants: readonly Grant[]): Promise<Found[]> {
  const usable = grants.filter(({ status, blocked }) => status === "valid" && !blocked);
  const found = await Promise.all(usable.map((grant) => mailboxFinding(client, grant)));
  const findings = found.filter((finding) => finding !== undefined);
  // A permission that the key lacks is missing for all mailboxes.
  return [...findings.filter(isDenied).slice(0, 1), ...findings.filter((finding) => !isDenied(finding))];
}

async function mailboxFinding(client: NylasClient, grant: Grant): Promise<Found | undefined> {
  try {
    await probeMailbox(client, grant.id, grant.email ?? grant.id);
    return undefined;
  } catch (error) {
    if (!(error instanceof NylasError)) throw error;
    if (error.code === "permission_denied") return denied(error);
    const subject = subjectOf(grant);
    if (error.status === 404 && visibleInMs(client, grant.createdAt) > 0) {
      const problem =
        "is listed, but Nylas does not know its mailbox yet: it is so new that it may not be visible everywhere";
      return { code: "grant_not_visible", subject, problem, remedy: AGAIN, link: DOCS.grants };
    }
    const problem = `is valid, but Nylas cannot read its mailbox: ${error.answer}`;
    return { code: "mailbox_unreadable", subject, problem, remedy: unreadableRemedy(error), link: DOCS.imap };
  }
}

function unreadableRemedy(error: NylasError): string {
  if (error instanceof MailServerError) {
    return "the mail server does not answer, is busy or refuses for another reason than the password: look at it, then run this again";
  }
  // The key has just listed the grants, so a 401 is about the mailbox.
  return error instanceof AccessError
    ? "check the password and the mail server; `pulumi up --refresh` then authenticates it again"
    : error.remedy;
}

/** What only a comparison of the stack's state with Nylas shows. */
async function stateFindings(
  client: NylasClient,
  state: StackState,
  { applicationId }: Application,
  grants: readonly Grant[],
): Promise<Found[]> {
  const managedGrants = [...state.grants.values()];
  const elsewhere = managedGrants.filter((managed) => (managed.applicationId ?? applicationId) !== applicationId);
  // Those of another namespace have a key of their own.
  const unexpected = elsewhere.filter(({ application }) => application === client.settings.application);
  const findings = unexpected.map(
    ({ id, email, applicationId: other }): Found => ({
      code: "state_of_other_application",
      subject: subjectOf({ id, email }),
      problem: `is in the state as one of application ${other}, but this key belongs to ${applicationId}`,
      remedy: "use the key of that application",
      link: DOCS.grants,
    }),
  );
  const listed = new Map(grants.map((grant) => [grant.id, grant]));
  for (const managed of managedGrants) {
    if (elsewhere.includes(managed)) continue;
    const about = { subject: subjectOf(managed), link: DOCS.grants };
    const grant = listed.get(managed.id) ?? (await findGrant(client, managed.id, managed.email));
    if (grant === undefined && visibleInMs(client, managed.createdAt) > 0) {
      const problem = "is in the state, and Nylas does not show it; it is so new that it may not be visible yet";
      findings.push({ ...about, code: "grant_not_visible", problem, remedy: AGAIN });
    } else if (grant === undefined) {
      const problem = "is in the state, but was deleted at Nylas";
      const remedy = "`pulumi up --refresh` drops it from the state and makes another grant, with another id";
      findings.push({ ...about, code: "grant_gone", problem, remedy });
    } else if (hasOtherOwner(markerOf(grant), managed.marker)) {
      const problem = "is in this state, but another resource or stack has its marker";
      const remedy = "`pulumi up` says what to do; nothing of it is deleted meanwhile";
      findings.push({ ...about, code: "grant_taken", problem, remedy });
    }
  }
  for (const grant of grants) {
    const marker = markerOf(grant);
    const isOfStack = marker?.stack !== undefined && state.stacks.has(marker.stack);
    if (!isOfStack || state.grants.has(grant.id)) continue;
    const about = { subject: subjectOf(grant), link: DOCS.grants };
    if (state.stacks.size > 1) {
      // A resource that was moved here has its stack's digest, and that stack has others.
      const problem = `is ${markedBy(grant)}, of which this state has resources too`;
      const remedy =
        "run `pulumi up` in the stacks between which resources were moved, or in the renamed one; then run this again";
      findings.push({ ...about, code: "grant_of_other_stack", problem, remedy });
      continue;
    }
    findings.push({
      ...about,
      code: "grant_orphaned",
      problem: "has this stack's marker, but the state does not know it",
      remedy:
        "run `pulumi up` if a run was cut off, or in the other stack if it was moved there (`pulumi state move`); only if nothing " +
        "declares it any more, delete the grant by its id",
    });
  }
  return findings;
}

function ownerIn(grant: Grant, state: StackState | undefined): string {
  const stack = markerOf(grant)?.stack;
  const isOnly = state !== undefined && state.stacks.size === 1;
  const isOwn = state?.grants.has(grant.id) === true || isOnly;
  return stack !== undefined && state?.stacks.has(stack) === true && isOwn ? "this stack" : ownerOf(grant);
}
