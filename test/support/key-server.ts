import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Environment and secrets provider of a stack whose data key this process keeps. */
export interface KeyServer {
  env: Record<string, string>;
  secretsProvider: string;
}

let running: Promise<KeyServer> | undefined;

/**
 * Starts a server that speaks as much of Vault's transit API as Pulumi calls: it wraps and unwraps the data key that secrets in a
 * state are encrypted with. To derive that key from a passphrase takes a million rounds of SHA-256, a fifth of a command's time.
 */
export function keyServer(): Promise<KeyServer> {
  running ??= start();
  return running;
}

function start(): Promise<KeyServer> {
  const keys = new Map<string, string>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { plaintext, ciphertext }: { plaintext?: string; ciphertext?: string } = JSON.parse(body);
    if (plaintext !== undefined) {
      const wrapped = `vault:v1:${randomUUID()}`;
      keys.set(wrapped, plaintext);
      response.end(JSON.stringify({ data: { ciphertext: wrapped } }));
      return;
    }
    const key = keys.get(ciphertext ?? "");
    if (key === undefined) response.writeHead(400).end(JSON.stringify({ errors: ["no such key"] }));
    else response.end(JSON.stringify({ data: { plaintext: key } }));
  });
  // It ends with this process; do not keep this process alive for it.
  server.unref();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      // The address of a server that listens on a port.
      const { port } = server.address() as AddressInfo;
      resolve({
        env: { VAULT_SERVER_URL: `http://127.0.0.1:${port}`, VAULT_SERVER_TOKEN: "any" },
        secretsProvider: "hashivault://tests",
      });
    });
  });
}
