import { mailboxKey, sameMailbox } from "../address.js";
import { MAX_REQUESTS_WITHOUT_ADDRESS } from "../core/grant-directory.js";
import { markerOf } from "../core/ownership/marker.js";
import { AlreadyExistsError, NotFoundError } from "../errors.js";
import { nearest } from "../nearest.js";
import type { NylasClient } from "../nylas/client.js";
import { findConnector } from "../nylas/connectors.js";
import { type GrantList, listGrantsWithServers, mayBeImap } from "../nylas/grant-list.js";
import { readGrantWithServers } from "../nylas/grants.js";
import type { GrantWithServers } from "../nylas/wire.js";
import { DEFAULT_APPLICATION, environmentVariable } from "../settings.js";
import { markedBy, subjectOf } from "./describe.js";
import type { Domain, Exportable, ExportableMailbox, ServerArguments } from "./exportable.js";
import { importFile } from "./import-file.js";
import { identifierFor, nameFor } from "./names.js";
import { readPackage } from "./package-file.js";
import { programText } from "./program-text.js";
import { projectFiles } from "./project-files.js";

const PROGRAM = "index.ts";
const IMPORT_FILE = "import.json";
/** Most addresses that an error about a missing one lists. */
const MAX_NAMED_ADDRESSES = 5;

/** A program and import file, by file name. */
export interface Export {
  files: Record<string, string>;
  content: Exportable;
}

/** The names of the files that an export writes. */
export function exportedFiles(): string[] {
  return [PROGRAM, IMPORT_FILE, ...Object.keys(projectFiles(readPackage()))];
}

/** Reads an application's connector and IMAP grants and writes them as a program. Sends nothing but reads. */
export async function exportApplication(client: NylasClient): Promise<Export> {
  const { applicationId } = await client.application();
  const connector = await findConnector(client);
  const { grants, unreadable } = await listed(client);
  const leftOut = unreadable.filter(mayBeImap).map(({ id, email, fields }) => {
    return `${subjectOf({ id: id ?? "without a valid id", email })}: Nylas's answer breaks its contract in ${fields}`;
  });
  const mailboxes: ExportableMailbox[] = [];
  const names = new Set<string>();
  for (const grant of grants.filter(isImap)) {
    const reason = reasonToLeaveOut(grant);
    if (reason === undefined) mailboxes.push(mailboxOf(grant, names));
    else leftOut.push(`${subjectOf(grant)}: ${reason}`);
  }
  return written(client, { applicationId, declaresConnector: true, connector, mailboxes, leftOut });
}

/** Like `exportApplication`, for one mailbox and without the connector: the program that takes the mailbox in may have it. */
export async function exportMailbox(client: NylasClient, email: string): Promise<Export> {
  const { applicationId } = await client.application();
  const keyVariable = environmentVariable(client.settings.application, "apiKey");
  const grant = grantOf(email, await listed(client), keyVariable);
  const reason = reasonToLeaveOut(grant);
  if (reason !== undefined) {
    throw new AlreadyExistsError({
      code: "grant_exists",
      operation: `Exporting ${subjectOf(grant)}`,
      answer: `${reason}; nothing was written`,
      remedy:
        'change it in the program of that stack. If the stack is gone, declare the mailbox with `onExisting: "adopt"`',
    });
  }
  const mailboxes = [mailboxOf(grant, new Set())];
  return written(client, { applicationId, declaresConnector: false, connector: undefined, mailboxes, leftOut: [] });
}

/** The application's grants. Those that the list shows without an address are looked at one by one; one that cannot be read stays so. */
async function listed(client: NylasClient): Promise<GrantList<GrantWithServers>> {
  const { grants, unreadable } = await listGrantsWithServers(client);
  const seen: GrantWithServers[] = [];
  let withoutAddress = 0;
  for (const grant of grants) {
    const isToBeAsked =
      isImap(grant) && addressesOf(grant).length === 0 && withoutAddress < MAX_REQUESTS_WITHOUT_ADDRESS;
    const found = isToBeAsked ? await readGrantWithServers(client, grant.id).catch(() => grant) : grant;
    if (isToBeAsked && addressesOf(found).length === 0) withoutAddress += 1;
    seen.push(found);
  }
  return { grants: seen, unreadable };
}

function written(client: NylasClient, read: Omit<Exportable, "application" | "endpoint" | "domains">): Export {
  const { application, region, apiUri } = client.settings;
  const content: Exportable = {
    ...read,
    application: application === DEFAULT_APPLICATION ? undefined : application,
    endpoint: { region, apiUri },
    domains: domainsOf(read.mailboxes),
  };
  const files = {
    [PROGRAM]: programText(content),
    [IMPORT_FILE]: `${JSON.stringify(importFile(content), null, 2)}\n`,
    ...projectFiles(readPackage()),
  };
  return { files, content };
}

/** The IMAP grant of a mailbox. Throws an error that names what is near if there is none. */
function grantOf(
  email: string,
  { grants, unreadable }: GrantList<GrantWithServers>,
  keyVariable: string,
): GrantWithServers {
  const isOf = (grant: GrantWithServers) => addressesOf(grant).some((address) => sameMailbox(address, email));
  const ofMailbox = grants.filter(isOf);
  const found = ofMailbox.find(isImap);
  if (found !== undefined) return found;
  const [foreign] = ofMailbox;
  const broken = unreadable.find((grant) => grant.email !== undefined && sameMailbox(grant.email, email));
  const nowhere = (answer: string, remedy: string) =>
    new NotFoundError({
      code: "not_found",
      operation: `Exporting mailbox ${email}`,
      answer: `${answer}; nothing was written`,
      remedy,
    });
  if (foreign !== undefined) {
    throw nowhere(`its grant ${foreign.id} is of provider ${foreign.provider}`, "only IMAP grants can be exported");
  }
  if (broken !== undefined) {
    const answer = `its grant ${broken.id ?? "without a valid id"} breaks Nylas's contract in ${broken.fields}`;
    throw nowhere(answer, "report it to Nylas with the grant's id");
  }
  throw nowhere("the application has no grant of it", whereElse(email, grants.filter(isImap), keyVariable));
}

function whereElse(email: string, grants: readonly GrantWithServers[], keyVariable: string): string {
  const addresses = grants.flatMap(addressesOf);
  const near = nearest(email, addresses);
  if (near !== undefined) return `did you mean ${near}?`;
  if (addresses.length === 0) {
    return grants.length === 0
      ? `check that ${keyVariable} is of the right application: this one has no IMAP grant`
      : 'Nylas shows no address of the application\'s IMAP grants: declare the mailbox with `onExisting: "adopt"`';
  }
  const named = addresses.slice(0, MAX_NAMED_ADDRESSES);
  const more = addresses.length - named.length;
  return `the application's IMAP grants are of ${named.join(", ")}${more === 0 ? "" : ` and ${more} more`}; is ${keyVariable} of another application?`;
}

function addressesOf({ email, servers }: GrantWithServers): string[] {
  return [...new Set([email, servers?.imapUsername])].filter((address) => address !== undefined);
}

function isImap({ provider }: GrantWithServers): boolean {
  return provider === "imap";
}

/** A grant with an owner stays with it: a second stack would take it over. */
function reasonToLeaveOut(grant: GrantWithServers): string | undefined {
  if (markerOf(grant) !== undefined) return `it is ${markedBy(grant)}, which manages it unless it is gone`;
  if (grant.email === undefined && grant.servers?.imapUsername === undefined) return "Nylas shows no address";
  return undefined;
}

function mailboxOf(grant: GrantWithServers, names: Set<string>): ExportableMailbox {
  const imapUsername = grant.servers?.imapUsername ?? grant.email ?? "";
  const key = mailboxKey(imapUsername);
  const own = identifierFor(key);
  // Nylas keeps one grant per address; a server that does not must not break the program.
  const name = names.has(own) ? identifierFor(`${key}+${grant.id}`) : own;
  names.add(name);
  return { name, imapUsername, domain: key.slice(key.lastIndexOf("@") + 1), servers: serverArguments(grant), grant };
}

function serverArguments({ servers }: GrantWithServers): ServerArguments | undefined {
  if (servers === undefined) return undefined;
  const { imapHost, imapPort, smtpHost, smtpPort, smtpUsername } = servers;
  const receiving = { imapHost, ...(imapPort === undefined ? {} : { imapPort }) };
  if (smtpHost === undefined) return { ...receiving, receiveOnly: true };
  return {
    ...receiving,
    smtpHost,
    ...(smtpPort === undefined ? {} : { smtpPort }),
    ...(smtpUsername === undefined ? {} : { smtpUsername }),
  };
}

function domainsOf(mailboxes: readonly ExportableMailbox[]): Domain[] {
  const unknown = mailboxes.filter(({ servers }) => servers === undefined).map(({ domain }) => domain);
  return [...new Set(unknown)].map((domain) => ({ domain, name: nameFor(domain) }));
}
