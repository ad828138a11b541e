import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface TestProxy {
  port: number;
  /** Requests to the proxy: `CONNECT host:port`, or method and absolute URL. */
  asked: string[];
  close(): Promise<void>;
}

export interface TestProxyOptions {
  /** Every host name resolves to this port of 127.0.0.1. */
  target: number;
  /** Required credentials, as `user:password`. */
  credentials?: string;
  /** Refuses every request with this status. */
  refuse?: number;
}

/** A proxy that forwards requests and opens tunnels, and resolves every name to one server of this machine. */
export async function startTestProxy({ target, credentials, refuse }: TestProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  const refusal = (authorization: string | undefined) =>
    refuse ?? (wanted !== undefined && authorization !== wanted ? 407 : undefined);

  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { "proxy-authorization": authorization, ...headers } = incoming.headers;
    const status = refusal(authorization);
    if (status !== undefined) {
      outgoing.writeHead(status).end("the proxy's own page");
      return;
    }
    const { pathname, search } = new URL(incoming.url ?? "");
    const options = { host: "127.0.0.1", port: target, method: incoming.method, path: pathname + search, headers };
    const forwarded = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.once("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming, client: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    const status = refusal(incoming.headers["proxy-authorization"]);
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} no\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(target, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("error", () => to.destroy()).pipe(to);
    }
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // A TCP server's address is an AddressInfo once it listens.
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
