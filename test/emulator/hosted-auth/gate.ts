import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A mail server's door that stays shut while somebody knocks. */
export class Gate {
  readonly #came: Socket[] = [];
  readonly #waiting: Socket[] = [];
  #target: { host: string; port: number } | undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(server);
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      gate.#came.push(socket);
      gate.#waiting.push(socket);
      gate.#letIn();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return gate;
  }

  get port(): number {
    // It listens at a TCP port, which has no other kind of address.
    return (this.server.address() as AddressInfo).port;
  }

  async knocked(times = 1): Promise<void> {
    while (this.#came.length < times) await once(this.server, "connection");
  }

  /** Lets everybody through to the server behind, who waits and who comes later. */
  open(target: { host: string; port: number }): void {
    this.#target = target;
    this.#letIn();
  }

  /** Sends everybody away. */
  close(): void {
    this.server.close();
    for (const socket of this.#came) socket.destroy();
  }

  #letIn(): void {
    if (this.#target === undefined) return;
    for (const socket of this.#waiting.splice(0)) {
      const behind = connect(this.#target).on("error", () => socket.destroy());
      socket.on("close", () => behind.destroy());
      socket.pipe(behind).pipe(socket);
    }
  }
}
