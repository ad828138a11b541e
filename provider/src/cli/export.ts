import { mailboxKey } from "../address.js";
import { parseMarker } from "../core/ownership/marker.js";
import type { NylasClient } from "../nylas/client.js";
import { findConnector } from "../nylas/connectors.js";
import { listGrantsWithServers } from "../nylas/grant-list.js";
import type { GrantWithServers } from "../nylas/wire.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { markedBy, subjectOf } from "./describe.js";
import type { Domain, Exportable, ExportableMailbox, ServerArguments } from "./exportable.js";
import { importFile } from "./import-file.js";
import { nameFor } from "./names.js";
import { readPackage } from "./package-file.js";
import { programText } from "./program-text.js";
import { projectFiles } from "./project-files.js";

const PROGRAM = "index.ts";
const IMPORT_FILE = "import.json";

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
  const { grants, unreadable } = await listGrantsWithServers(client);
  const leftOut = unreadable.map(({ id, email, fields }) => {
    return `${subjectOf({ id: id ?? "without a valid id", email })}: Nylas's answer breaks its contract in ${fields}`;
  });
  const mailboxes: ExportableMailbox[] = [];
  const names = new Set<string>();
  for (const grant of grants.filter(({ provider }) => provider === "imap")) {
    const reason = reasonToLeaveOut(grant);
    if (reason === undefined) mailboxes.push(mailboxOf(grant, names));
    else leftOut.push(`${subjectOf(grant)}: ${reason}`);
  }
  const { application } = client.settings;
  const content: Exportable = {
    applicationId,
    application: application === DEFAULT_APPLICATION ? undefined : application,
    connector,
    mailboxes,
    domains: domainsOf(mailboxes),
    leftOut,
  };
  const files = {
    [PROGRAM]: programText(content),
    [IMPORT_FILE]: `${JSON.stringify(importFile(content), null, 2)}\n`,
    ...projectFiles(readPackage()),
  };
  return { files, content };
}

/** A grant with an owner stays with it: a second stack would take it over. */
function reasonToLeaveOut(grant: GrantWithServers): string | undefined {
  if (parseMarker(grant.state) !== undefined) return `it is ${markedBy(grant)}, which manages it unless it is gone`;
  if (grant.email === undefined && grant.servers?.imapUsername === undefined) return "Nylas shows no address";
  return undefined;
}

function mailboxOf(grant: GrantWithServers, names: Set<string>): ExportableMailbox {
  const imapUsername = grant.servers?.imapUsername ?? grant.email ?? "";
  const key = mailboxKey(imapUsername);
  const own = nameFor(key);
  // Nylas keeps one grant per address; a server that does not must not break the program.
  const name = names.has(own) ? nameFor(`${key}+${grant.id}`) : own;
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
