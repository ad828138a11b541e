import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import tls from "node:tls";
import type { Certificates } from "../certificates.js";
import type { MailboxStore } from "../mailbox-store.js";
import type { RunningServer } from "../smtp-server.js";
import { Connection } from "./connection.js";
import { CONNECTION_LIMITS } from "./limits.js";

/** An IMAP server for the mailboxes: implicit TLS, or plain until STARTTLS. */
export async function startImapServer(
  listen: { host: string; port: number; mode: "implicit" | "starttls" },
  { key, cert }: Certificates,
  mailboxes: MailboxStore,
  limits = CONNECTION_LIMITS,
): Promise<RunningServer> {
  const context = tls.createSecureContext({ key, cert });
  const open = new Set<Socket>();
  const greet = (socket: Socket): void => {
    new Connection(socket, mailboxes, context, limits);
  };
  const server: Server =
    listen.mode === "implicit"
      ? tls.createServer({ key, cert, noDelay: true, handshakeTimeout: limits.handshakeMs }, greet)
      : createServer({ noDelay: true }, greet);
  server.maxConnections = limits.connections;
  // Below TLS, so that a client that never finishes its handshake is closed with the server too.
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  });
  // Node leaves a connection open whose handshake took too long.
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
