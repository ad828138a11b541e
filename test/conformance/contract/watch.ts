import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ChosenAnswers } from "../../../tools/harness/emulators.ts";
import type { Exchange } from "./check.ts";

export interface Watcher {
  exchange(exchange: Exchange, requestWhole: boolean): void;
  /** The connection ended before the answer did. */
  cut(): void;
}

/** Diagnostics channel on which Node publishes each request before the server's handler runs. */
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
    const behaviors = emulatorAt(socket.localPort ?? 0);
    if (behaviors === undefined || !request.url?.startsWith("/v3/")) return;
    const asked: Buffer[] = [];
    const answered: Buffer[] = [];
    request.push = copying(request.push, asked);
    response.write = copying(response.write, answered);
    response.end = copying(response.end, answered);
    response.once("close", () => {
      if (!response.writableFinished) return watcher.cut();
      const type = response.getHeader("content-type");
      const exchange: Exchange = {
        behaviors,
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

/** Wraps a method so that it also records the bytes or text of its first argument. */
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

/** Reads the sent head: `getHeader` does not know headers that were passed to `writeHead`. */
function sentType(response: ServerResponse): string | undefined {
  const head: unknown = Reflect.get(response, "_header");
  return typeof head === "string" ? /^content-type: *(.*?)\r?$/im.exec(head)?.[1] : undefined;
}

/** Whether the body was read completely; a handler that answers early may not read it. */
function isWhole({ headers, complete }: IncomingMessage, body: Buffer): boolean {
  return headers["content-length"] === undefined ? complete : Number(headers["content-length"]) === body.length;
}
