import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A mail server that accepts connections and says nothing, until it forwards them to a real one. */
export class StalledServer {
  readonly #accepted: Socket[] = [];
  readonly #waiting: Socket[] = [];
  #target: { host: string; port: number } | undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StalledServer> {
    const server = createServer();
    const stalled = new StalledServer(server);
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      stalled.#accepted.push(socket);
      stalled.#waiting.push(socket);
      stalled.#forward();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return stalled;
  }

  get port(): number {
    // A TCP server's address is an AddressInfo once it listens.
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves when this many clients have connected. */
  async connected(count = 1): Promise<void> {
    while (this.#accepted.length < count) await once(this.server, "connection");
  }

  /** Forwards the connections that wait, and all later ones. */
  forwardTo(target: { host: string; port: number }): void {
    this.#target = target;
    this.#forward();
  }

  /** Ends all connections and accepts no more. */
  close(): void {
    this.server.close();
    for (const socket of this.#accepted) socket.destroy();
  }

  #forward(): void {
    if (this.#target === undefined) return;
    for (const socket of this.#waiting.splice(0)) {
      const upstream = connect(this.#target).on("error", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    }
  }
}
