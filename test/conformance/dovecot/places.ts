import { createServer, connect as open, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { close, listen, portOf } from "./ports.js";

export interface Endpoint {
  host: string;
  port: number;
}

export interface Place extends Endpoint {
  /** Open at the moment. */
  connections(): number;
  close(): Promise<void>;
}

/** Accepts connections, listens, and says nothing. */
export function silent(): Promise<Place> {
  return serve("127.0.0.1", 0, (socket) => socket.resume());
}

/** Greets, then says something again and again and never finishes. */
export function endless(greeting: string, said: string, everyMs: number): Promise<Place> {
  return serve("127.0.0.1", 0, (socket) => {
    socket.resume();
    socket.write(greeting);
    const timer = setInterval(() => socket.write(said), everyMs);
    socket.on("close", () => clearInterval(timer));
  });
}

/** The server behind it, whose every answer is late. */
export function late(target: Endpoint, byMs: number): Promise<Place> {
  return forward({ host: target.host, port: 0 }, target, byMs);
}

/** The server behind it, at another address. */
export function forward(at: Endpoint, target: Endpoint, lateByMs = 0): Promise<Place> {
  return serve(at.host, at.port, (socket) => {
    const server = open(target.port, target.host);
    socket.pipe(server);
    const answers = server.pipe(delay(lateByMs));
    answers.pipe(socket);
    // What was said before is still passed on, as TCP does.
    server.on("error", () => answers.end());
    // A socket that nobody reads does not see its end.
    server.on("close", () => socket.resume());
    socket.on("close", () => server.destroy());
  });
}

async function serve(host: string, port: number, treat: (socket: Socket) => void): Promise<Place> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    treat(socket);
  });
  await listen(server, host, port);
  return {
    host,
    port: portOf(server),
    connections: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return close(server);
    },
  };
}

function delay(ms: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => done(null, chunk), ms);
    },
  });
}
