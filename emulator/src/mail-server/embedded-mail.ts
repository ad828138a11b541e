import { hostname } from "node:os";
import type { Endpoint } from "../options.js";
import { type Certificates, makeCertificates } from "./certificates.js";
import { startImapServer } from "./imap/server.js";
import type { MailboxStore } from "./mailbox-store.js";
import { type RunningServer, startSmtpServer } from "./smtp-server.js";

const CERTIFICATE_HOSTS = ["localhost", "127.0.0.1", "::1"];
const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

export interface EmbeddedMail {
  ca: string;
  imap: Endpoint;
  imapStarttls: Endpoint;
  smtp: Endpoint;
  close(): Promise<void>;
}

export async function startEmbeddedMail(
  listen: { host: string; imapPort: number; smtpPort: number },
  mailboxes: MailboxStore,
): Promise<EmbeddedMail> {
  const { host } = listen;
  const names = ANY_ADDRESS.has(host) ? [hostname()] : [host];
  const certificates = await makeCertificates([...new Set([...CERTIFICATE_HOSTS, ...names])]);
  const running: RunningServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.close()));
  };
  try {
    const [imap, imapStarttls, smtp] = await startAll(listen, certificates, mailboxes, running);
    const at = ({ port }: RunningServer): Endpoint => ({ host: reachable(host), port });
    return { ca: certificates.ca, imap: at(imap), imapStarttls: at(imapStarttls), smtp: at(smtp), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address at which clients reach a server bound to `host`. */
export function reachable(host: string): string {
  return ANY_ADDRESS.has(host) ? "127.0.0.1" : host;
}

async function startAll(
  { host, imapPort, smtpPort }: { host: string; imapPort: number; smtpPort: number },
  certificates: Certificates,
  mailboxes: MailboxStore,
  running: RunningServer[],
): Promise<[RunningServer, RunningServer, RunningServer]> {
  const keep = (server: RunningServer): RunningServer => {
    running.push(server);
    return server;
  };
  return [
    keep(await startImapServer({ host, port: imapPort, mode: "implicit" }, certificates, mailboxes)),
    keep(await startImapServer({ host, port: 0, mode: "starttls" }, certificates, mailboxes)),
    keep(await startSmtpServer({ host, port: smtpPort }, certificates, mailboxes)),
  ];
}
