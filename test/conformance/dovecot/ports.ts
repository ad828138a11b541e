import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Ports that nobody listens at. They are held all at once, so that all differ. */
export async function freePorts(host: string, count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(createServer(), host, 0)));
  const ports = servers.map(portOf);
  await Promise.all(servers.map(close));
  return ports;
}

export async function listen(server: Server, host: string, port: number): Promise<Server> {
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen at a port");
  return address.port;
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await closed;
}

/** Whether this process may listen there: low ports are often root's. */
export async function mayListenAt(host: string, port: number): Promise<boolean> {
  try {
    await close(await listen(createServer(), host, port));
    return true;
  } catch {
    return false;
  }
}
