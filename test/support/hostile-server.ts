import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HostileServer {
  uri: string;
  /** Method and path of each request so far. */
  requests: string[];
  close(): Promise<void>;
}

/** What stands where Nylas should: it answers as the test says, and is no emulator. */
export async function startHostileServer(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<HostileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.on("error", () => {});
    request.resume().once("end", () => answer(request, response, requests.length));
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
