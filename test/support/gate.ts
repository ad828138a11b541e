import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server that can be shut, as if the server were away. */
export interface Gate {
  port: number;
  /** Cuts all connections, and each new one. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

/** Forwards connections to a port of 127.0.0.1. */
export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let isShut = false;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    if (isShut) {
      client.destroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    track(client);
    track(upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("error", () => to.destroy()).pipe(to);
    }
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address has a port.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    shut: () => {
      isShut = true;
      cut();
    },
    open: () => {
      isShut = false;
    },
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
