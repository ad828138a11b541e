import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A web application with the callback of a hosted authentication. */
export class Application {
  /** Query parameters of the callbacks, in order. */
  readonly callbacks: Record<string, string>[] = [];
  /** `Referer` headers of the callbacks. */
  readonly referrers: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Application> {
    const server = createServer();
    const application = new Application(server);
    server.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", application.origin);
      // If the form were sent on here, it would contain a password.
      if (url.pathname === "/callback" && request.method === "GET") {
        application.callbacks.push(Object.fromEntries(url.searchParams));
        application.referrers.push(request.headers.referer ?? "");
      }
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end('<!doctype html><html lang="en"><title>Back</title><link rel="icon" href="data:,"><h1>Back</h1>');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return application;
  }

  get origin(): string {
    // It listens at a TCP port, which has no other kind of address.
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get redirectUri(): string {
    return `${this.origin}/callback`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
