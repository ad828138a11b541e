import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request goes through on its way to Nylas and back. */
export interface ProxiedRequest {
  /** Which provider process sent it: the first part of its `NYLAS_API_URI`'s path, or nothing. */
  process: string;
  method: string;
  /** Without the process. */
  path: string;
  body: string;
  /** The answer's status, once there is one. */
  status?: number;
}

/**
 * `pass` goes on; `reset` cuts the connection; `refuse` answers with a status that is not tried again and means that the
 * request may have been performed.
 */
export type Verdict = "pass" | "reset" | "refuse";

/** Decides about each request, twice. */
export interface Interception {
  /** Before the request is forwarded. */
  before?(request: ProxiedRequest): Verdict;
  /** After it was performed, before the answer goes back. */
  after?(request: ProxiedRequest): Verdict;
}

export interface KillProxy {
  /** What the provider takes for Nylas; a process' name may be added to the path. */
  uri: string;
  /** Milliseconds since the last request came or was answered; 0 while one is on its way. */
  quietMs(): number;
  close(): Promise<void>;
}

const REFUSED_STATUS = 501;
const HOP_HEADERS = ["host", "connection", "transfer-encoding", "content-length"];

/** Stands between the provider and the emulator, sees each request twice, and may let it get lost on either way. */
export async function startKillProxy(target: string, interception: Interception): Promise<KillProxy> {
  const agent = new Agent({ keepAlive: true });
  let open = 0;
  let lastAt = Date.now();

  const server = createServer((incoming, outgoing) => {
    open += 1;
    outgoing.once("close", () => {
      open -= 1;
      lastAt = Date.now();
    });
    // If one side's connection breaks, close the other side's too.
    serve(incoming, outgoing).catch(() => incoming.socket.resetAndDestroy());
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [, process = "", path = "/"] = incoming.url?.match(/^(?:\/(p\d+))?(\/.*)$/) ?? [];
    const body = await text(incoming);
    const seen: ProxiedRequest = { process, method: incoming.method ?? "GET", path, body };
    if (stopped(interception.before?.(seen), incoming, outgoing)) return;
    const answer = await forward(incoming, seen);
    seen.status = answer.statusCode ?? 0;
    const answered = await text(answer).catch(() => undefined);
    if (stopped(interception.after?.(seen), incoming, outgoing)) return;
    if (answered === undefined) {
      // The answer broke off after the status, so break off here too.
      outgoing.writeHead(seen.status, answer.headers).write("{", () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(seen.status, withoutHop(answer.headers)).end(answered);
  }

  function forward(incoming: IncomingMessage, { method, path, body }: ProxiedRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { ...withoutHop(incoming.headers), "content-length": Buffer.byteLength(body) };
      request(new URL(path, target), { agent, method, headers }, resolve).once("error", reject).end(body);
    });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}`,
    quietMs: () => (open > 0 ? 0 : Date.now() - lastAt),
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function stopped(verdict: Verdict | undefined, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  if (verdict === "reset") incoming.socket.resetAndDestroy();
  if (verdict === "refuse") outgoing.writeHead(REFUSED_STATUS).end();
  return verdict === "reset" || verdict === "refuse";
}

function withoutHop(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name)));
}

async function text(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
