import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import type { Api } from "./context.js";

/** Longer than the keep-alive of common clients, so that the client closes idle connections and not the server. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** For receiving a request. Responses have no limit: they may wait for a mail server or a delay fault. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface HttpServer {
  port: number;
  close(): Promise<void>;
}

export async function startHttpServer(api: Api, host: string, port: number): Promise<HttpServer> {
  const listener = getRequestListener(api.fetch, {
    overrideGlobalObjects: false,
    // A Host that is none, for example. Other errors are those of connections that are gone.
    errorHandler: (error) => (error instanceof RequestError ? new Response(null, { status: 400 }) : undefined),
  });
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    listener,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // A TCP server's address is an AddressInfo once it listens.
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
