import type { Agents } from "got";
import { InvalidInputError } from "../errors.js";
import type { Environment } from "../notices.js";
import { keepSecret } from "../redact.js";

/** A proxy from the environment. */
export interface Proxy {
  agent: Agents;
  /** Its URL without credentials, for errors. */
  uri: string;
}

/**
 * Returns the proxy for this URL, or `undefined`. Reads `HTTPS_PROXY` for https, `HTTP_PROXY` for http, and the exceptions in
 * `NO_PROXY`. A variable in lower case takes precedence. Imports the libraries only if such a variable is set.
 */
export async function proxyFor(apiUri: string, env: Environment): Promise<Proxy | undefined> {
  const scheme = apiUri.startsWith("https:") ? "https" : "http";
  const variable = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`].find((name) => env[name]);
  if (variable === undefined) return undefined;
  const { createProxyAgent, isProxied } = await import("./proxy-agent.js");
  if (!isProxied(apiUri)) return undefined;
  const url = parseProxy(variable, env[variable] ?? "");
  return { agent: { [scheme]: createProxyAgent(scheme, url) }, uri: `${url.protocol}//${url.host}` };
}

function parseProxy(variable: string, value: string): URL {
  // A proxy without a scheme is an http proxy, as in curl, whatever the scheme of the URL.
  const address = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw invalid(variable, "is not the http or https address of a proxy");
  }
  try {
    keepSecret(url.password, decodeURIComponent(url.password));
    decodeURIComponent(url.username);
  } catch {
    throw invalid(variable, "has a user name or password with an invalid percent-encoding");
  }
  return url;
}

/** Does not quote the value, which may contain credentials. */
function invalid(variable: string, problem: string): InvalidInputError {
  return new InvalidInputError({
    code: "invalid_input",
    operation: "Reading the proxy's address from the environment",
    answer: `${variable} ${problem}`,
    remedy: `write ${variable} as http://host:port or http://user:password@host:port, percent-encoded, or name Nylas's host in NO_PROXY`,
  });
}
