import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import tls from "node:tls";
import type { Certificates } from "../certificates.js";
import type { MailboxStore } from "../mailbox-store.js";
import type { RunningServer } from "../smtp-server.js";
import { Connection } from "./connection.js";
import { CONNECTION_LIMITS } from "./limits.js";

/** Starts an IMAP server with implicit TLS or with STARTTLS. */
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
  // Tracks TCP sockets, so that close() also ends connections in the middle of a TLS handshake.
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  });
  // Node does not close a connection after its handshake has timed out.
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
