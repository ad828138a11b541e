import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** The answer for the key's application, unless a test scripts it. */
export const APPLICATION = { application_id: "app-1", region: "us", environment: "production" };

export interface HostileServer {
  uri: string;
  /** Method and path of each request that the test's script answered. */
  requests: string[];
  close(): Promise<void>;
}

/**
 * A server in Nylas's place that answers as the test's script says. It answers the request for the key's application, which a
 * client sends first, by itself unless `application` is false.
 */
export async function startHostileServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  { application = true }: { application?: boolean } = {},
): Promise<HostileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    response.on("error", () => {});
    if (application && request.url === "/v3/applications") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ request_id: "r-0", data: APPLICATION }));
      return;
    }
    requests.push(`${request.method} ${request.url}`);
    text(request).then(
      (body) => answer(request, response, body),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
