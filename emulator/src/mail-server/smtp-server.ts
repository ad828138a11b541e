import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { Certificates } from "./certificates.js";
import type { MailboxStore } from "./mailbox-store.js";

const MAX_MESSAGE_BYTES = 10_485_760;
const MAX_CLIENTS = 500;
const MAX_RECIPIENTS = 100;
const SOCKET_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 500;
const AUTH_FAILED = 535;
const TOO_LARGE = 552;
const NO_MAILBOX = 550;
/** RFC 2606: no such domain will ever exist, so tests can send to one that is refused. */
const REFUSED_DOMAIN = ".invalid";

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

/**
 * Starts an SMTP server with implicit TLS that requires AUTH, delivers to the INBOX of local users, and files what they send
 * in their Sent folder, as the servers of Gmail and Microsoft do.
 */
export async function startSmtpServer(
  listen: { host: string; port: number },
  { key, cert }: Certificates,
  mailboxes: MailboxStore,
): Promise<RunningServer> {
  const server = new SMTPServer({
    key,
    cert,
    secure: true,
    authMethods: ["PLAIN", "LOGIN"],
    authOptional: false,
    logger: false,
    disableReverseLookup: true,
    size: MAX_MESSAGE_BYTES,
    maxClients: MAX_CLIENTS,
    maxRecipients: MAX_RECIPIENTS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    onAuth(auth, _session, done) {
      const username = auth.username ?? "";
      if (mailboxes.accepts(username, auth.password ?? "")) return done(null, { user: username });
      return done(withCode("5.7.8 Authentication failed", AUTH_FAILED));
    },
    onRcptTo({ address }, _session, done) {
      return address.toLowerCase().endsWith(REFUSED_DOMAIN)
        ? done(withCode("5.1.2 No such domain", NO_MAILBOX))
        : done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk);
      });
      stream.on("error", () => done(withCode("4.3.0 Message not read", 451)));
      stream.on("end", () => {
        if (stream.sizeExceeded) return done(withCode("5.3.4 Message too large", TOO_LARGE));
        const raw = Buffer.concat(chunks);
        for (const { address } of session.envelope.rcptTo) mailboxes.deliver(address, raw);
        mailboxes.keepSent(session.user ?? "", raw);
        return done(null, "2.0.0 Accepted");
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, () => {
      server.off("error", reject);
      // An aborted TLS handshake emits `error`; without a listener Node exits.
      server.on("error", () => undefined);
      resolve();
    });
  });
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function withCode(message: string, responseCode: number): Error {
  return Object.assign(new Error(message), { responseCode });
}
