import { isIP } from "node:net";

/** Addresses that mean every interface of the machine. */
const ANY_ADDRESS = ["0.0.0.0", "::"];
/** Top-level domains that no public name server answers: of containers, clusters and local networks. */
const PRIVATE_DOMAINS = [".internal", ".local"];

/**
 * Whether a host name is one by which this machine is called: loopback, the address that the emulator binds, and if that is
 * all of them, any name that no public name server answers.
 */
export function localNames(boundTo: string): (name: string) => boolean {
  const isOwn = ANY_ADDRESS.includes(boundTo) ? isPrivate : (name: string) => name === boundTo.toLowerCase();
  return (name) => isLoopback(name) || isOwn(name);
}

/** The name or address in a Host header, without the brackets of IPv6; empty if there is none. */
export function nameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, "$1") : "";
}

function isLoopback(name: string): boolean {
  const isName = name === "localhost" || name.endsWith(".localhost");
  return isName || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** Addresses, which need no name server, and names that no public one answers, such as those of containers. */
function isPrivate(name: string): boolean {
  if (name === "") return false;
  return isIP(name) !== 0 || !name.includes(".") || PRIVATE_DOMAINS.some((domain) => name.endsWith(domain));
}
