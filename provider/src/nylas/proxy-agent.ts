/** The only module that imports the proxy libraries. It is loaded on demand, because most processes use no proxy. */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { ProxyRefusal } from "./proxy-refusal.js";

export function isProxied(uri: string): boolean {
  return getProxyForUrl(uri) !== "";
}

type ConnectOptions = Parameters<HttpsProxyAgent<string>["connect"]>[1];

/** The proxy forwards http requests, and opens a tunnel for https requests. */
export function createProxyAgent(scheme: "http" | "https", proxy: URL): Agent {
  return scheme === "http"
    ? new HttpProxyAgent(proxy, { keepAlive: true })
    : new TunnelAgent(proxy, { keepAlive: true });
}

/**
 * Fails if the proxy refuses CONNECT. The library would pass the proxy's response on as the server's: a 404 would then mean
 * that a grant does not exist.
 */
class TunnelAgent extends HttpsProxyAgent<string> {
  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    let status = 200;
    request.once("proxyConnect", (answer: IncomingMessage) => {
      status = answer.statusCode ?? 0;
    });
    const socket = await super.connect(request, options);
    if (status === 200) return socket;
    socket.destroy();
    throw new ProxyRefusal(status);
  }
}
