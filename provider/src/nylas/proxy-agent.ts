/** The only module that loads the proxy libraries: most processes have no proxy. */
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

/** Requests to http addresses are forwarded, those to https ones go through a tunnel. */
export function createProxyAgent(scheme: "http" | "https", proxy: URL): Agent {
  return scheme === "http"
    ? new HttpProxyAgent(proxy, { keepAlive: true })
    : new TunnelAgent(proxy, { keepAlive: true });
}

/**
 * The library hands on what a proxy answers to CONNECT as if the server had answered it. A proxy's 404 would then stand for a
 * grant that is gone, so it is an error here.
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
