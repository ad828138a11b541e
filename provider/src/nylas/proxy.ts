import type { Agents } from "got";
import { InvalidInputError } from "../errors.js";
import { keepSecret } from "../redact.js";

/** A proxy of the environment, as requests use it. */
export interface Proxy {
  agent: Agents;
  /** Its address without credentials, for errors. */
  uri: string;
}

/**
 * The proxy for this address, or `undefined`: `HTTPS_PROXY` for https, `HTTP_PROXY` for http, less what `NO_PROXY` names, each
 * also in lower case, which wins. Loads the libraries only where such a variable is set.
 */
export async function proxyFor(apiUri: string): Promise<Proxy | undefined> {
  const scheme = apiUri.startsWith("https:") ? "https" : "http";
  const variable = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`].find((name) => process.env[name]);
  if (variable === undefined) return undefined;
  const { createProxyAgent, isProxied } = await import("./proxy-agent.js");
  if (!isProxied(apiUri)) return undefined;
  const url = parseProxy(variable, process.env[variable] ?? "");
  return { agent: { [scheme]: createProxyAgent(scheme, url) }, uri: `${url.protocol}//${url.host}` };
}

function parseProxy(variable: string, value: string): URL {
  // As curl does: a proxy without scheme is an http one, whatever the address is.
  const address = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw invalid(variable, "is not the http or https address of a proxy");
  }
  try {
    keepSecret(url.password, decodeURIComponent(url.password));
    decodeURIComponent(url.username);
  } catch {
    throw invalid(variable, "has a user name or password with a % that encodes nothing");
  }
  return url;
}

/** The value is not quoted: it may contain credentials. */
function invalid(variable: string, problem: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Reading the proxy's address from the environment",
    answer: `${variable} ${problem}`,
    remedy: `write ${variable} as http://host:port or http://user:password@host:port, percent-encoded, or name Nylas's host in NO_PROXY`,
  });
}
