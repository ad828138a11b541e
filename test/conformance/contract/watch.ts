import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Exchange } from "./check.ts";
import type { ChosenAnswers } from "./emulators.ts";

export interface Watcher {
  exchange(exchange: Exchange, requestWhole: boolean): void;
  /** The connection ended before the answer did. */
  cut(): void;
}

/** What Node publishes when a request's head has arrived, before the server's own handler runs. */
interface Started {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
}

const STARTED = "http.server.request.start";

/**
 * Copies what goes through this process's emulators: `emulatorAt` tells them from other HTTP servers by their ports. The copy is taken at the stream
 * between the handler and the socket, so it is what the other end gets, whichever framework wrote it.
 *
 * @returns the end of it
 */
export function watch(emulatorAt: (port: number) => ChosenAnswers | undefined, watcher: Watcher): () => void {
  const started = (message: unknown): void => {
    // The channel's documented message.
    const { request, response, socket } = message as Started;
    const behaviours = emulatorAt(socket.localPort ?? 0);
    if (behaviours === undefined || !request.url?.startsWith("/v3/")) return;
    const asked: Buffer[] = [];
    const answered: Buffer[] = [];
    request.push = copying(request.push, asked);
    response.write = copying(response.write, answered);
    response.end = copying(response.end, answered);
    response.once("close", () => {
      if (!response.writableFinished) return watcher.cut();
      const type = response.getHeader("content-type");
      const exchange: Exchange = {
        behaviours,
        method: request.method ?? "",
        url: request.url ?? "",
        userAgent: request.headers["user-agent"],
        request: { contentType: request.headers["content-type"], body: Buffer.concat(asked) },
        status: response.statusCode,
        answer: { contentType: typeof type === "string" ? type : sentType(response), body: Buffer.concat(answered) },
      };
      watcher.exchange(exchange, isWhole(request, exchange.request.body));
    });
  };
  subscribe(STARTED, started);
  return () => unsubscribe(STARTED, started);
}

/** The same method, which keeps a copy of the bytes or the text that it is given first. */
function copying<Method extends (...args: never[]) => unknown>(method: Method, copies: Buffer[]): Method {
  return new Proxy(method, {
    apply(target, self, args: unknown[]) {
      const [chunk, encoding] = args;
      if (typeof chunk === "string") {
        copies.push(
          Buffer.from(chunk, typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8"),
        );
      } else if (chunk instanceof Uint8Array) copies.push(Buffer.from(chunk));
      return Reflect.apply(target, self, args);
    },
  });
}

/** Headers given to `writeHead` as a list or an object are not among those that `getHeader` knows; the sent head is. */
function sentType(response: ServerResponse): string | undefined {
  const head: unknown = Reflect.get(response, "_header");
  return typeof head === "string" ? /^content-type: *(.*?)\r?$/im.exec(head)?.[1] : undefined;
}

/** A handler that answers early leaves the rest of a body unread. */
function isWhole({ headers, complete }: IncomingMessage, body: Buffer): boolean {
  return headers["content-length"] === undefined ? complete : Number(headers["content-length"]) === body.length;
}
