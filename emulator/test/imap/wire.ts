import { connect, type Socket } from "node:net";
import tls from "node:tls";

/** Longest wait of a client, in milliseconds. */
const LIMIT_MS = 10_000;

/** Totals of all connections of this process. */
export const traffic = { connections: 0, bytes: 0 };

/** A raw client: sends any bytes and keeps the answers. */
export class Wire {
  /** The TCP socket, which can be reset, unlike the TLS socket. */
  readonly #base: Socket;
  #socket: Socket;
  #received: Buffer[] = [];
  #closed = false;
  #waiting: (() => void)[] = [];

  private constructor(
    base: Socket,
    socket: Socket,
    readonly ca: string,
  ) {
    this.#base = base;
    this.#socket = socket;
    traffic.connections += 1;
    this.#attach();
  }

  static plain(port: number, ca: string): Wire {
    const base = connect({ port, host: "127.0.0.1", noDelay: true });
    return new Wire(base, base, ca);
  }

  static tls(port: number, ca: string): Wire {
    const base = connect({ port, host: "127.0.0.1", noDelay: true });
    base.on("error", () => base.destroy());
    return new Wire(base, tls.connect({ socket: base, host: "127.0.0.1", ca }), ca);
  }

  get received(): string {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0]?.toString("latin1") ?? "";
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends the bytes as one packet, if the connection is open. */
  async send(bytes: Buffer | string): Promise<void> {
    traffic.bytes += Buffer.byteLength(bytes);
    if (this.#closed || !this.#socket.writable) return;
    let taken = false;
    this.#socket.write(bytes, () => {
      taken = true;
      this.#progress();
    });
    while (!taken && !this.#closed) await this.#moves();
  }

  /** Sends without waiting. Bytes that the server does not read stay in this process. */
  pour(bytes: Buffer | string): void {
    void this.send(bytes);
  }

  /** Waits for a match in the received text. Fails at once if the connection has ended without one. */
  async has(what: RegExp): Promise<void> {
    await this.#wait(`the server says ${what}`, LIMIT_MS, () => what.test(this.received) || this.#closed);
    if (!what.test(this.received)) throw new Error(`the server has ended, and not said ${what}: ${this.received}`);
  }

  ended(limitMs = LIMIT_MS): Promise<void> {
    return this.#wait("the server closes the connection", limitMs, () => this.#closed);
  }

  /** Starts TLS on the connection. Returns false if the handshake fails. */
  async upgrade(): Promise<boolean> {
    if (this.#closed) return false;
    const plain = this.#socket;
    plain.removeAllListeners("data");
    let secure = false;
    this.#socket = tls.connect({ socket: plain, host: "127.0.0.1", ca: this.ca }, () => {
      secure = true;
      this.#progress();
    });
    this.#attach();
    await this.#wait("the handshake ends", LIMIT_MS, () => secure || this.#closed);
    return secure;
  }

  /** Stops reading, so that the server's answers queue up. */
  stall(): void {
    this.#socket.pause();
  }

  halfClose(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#base.resetAndDestroy();
    this.close();
  }

  close(): void {
    this.#socket.destroy();
    this.#base.destroy();
    // A TLS socket emits no event if its TCP connection is reset.
    this.#closed = true;
    this.#progress();
  }

  #attach(): void {
    const socket = this.#socket;
    socket.on("data", (chunk) => {
      this.#received.push(chunk);
      this.#progress();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#closed = true;
      this.#progress();
    });
  }

  /** Checks again after each event on the connection. */
  async #wait(what: string, limitMs: number, holds: () => boolean): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#progress();
    }, limitMs);
    try {
      while (!holds()) {
        if (late) throw new Error(`not within ${limitMs} ms: ${what}. Received: ${this.received.slice(-300)}`);
        await this.#moves();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #moves(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #progress(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
