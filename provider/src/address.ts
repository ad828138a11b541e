import { domainToASCII } from "node:url";

/**
 * The characters of RFC 5322's atoms and RFC 6532's non-ASCII ones. Dots may stand anywhere: some providers allow leading,
 * trailing and consecutive dots.
 */
const LOCAL_PART = /^(?:[^\s\p{Cc}"(),:;<>@[\\\]]+|"[^\p{Cc}"]+")$/u;
/** Labels separated by dots. Some scripts need the joiners U+200C and U+200D in a label. */
const DOMAIN = /^(?:[\p{L}\p{M}\p{N}\p{Join_Control}_-]+\.)*[\p{L}\p{M}\p{N}\p{Join_Control}_-]+\.?$/u;
/** An IP address instead of a domain, as in `ops@[192.0.2.1]`. */
const ADDRESS_LITERAL = /^\[[0-9a-z.:]+\]$/i;
const BEYOND_ASCII = /\P{ASCII}/u;

/** True for `ops@example.com`; false for a log-in name such as `ops` or `CORP\ops`. */
export function isAddress(name: string): boolean {
  const [local, domain] = split(name);
  return LOCAL_PART.test(local) && (DOMAIN.test(domain) || ADDRESS_LITERAL.test(domain));
}

/**
 * Normalizes an address, so that all spellings of one mailbox give the same key: lower case, and the domain in ASCII
 * (`bücher.example` becomes `xn--bcher-kva.example`) without a dot at its end. A log-in name that is not an address is only lower-cased.
 */
export function mailboxKey(name: string): string {
  const [local, written] = split(name);
  if (!DOMAIN.test(written)) return fold(name);
  const domain = written.replace(/\.$/, "");
  // Skip ASCII domains: the URL parser behind `domainToASCII` would read `127.1` as an IP address.
  const ascii = BEYOND_ASCII.test(domain) ? domainToASCII(domain) : "";
  return `${fold(local)}@${ascii === "" ? fold(domain) : ascii}`;
}

/**
 * The address in what Nylas shows as a grant's address, which may be decorated: `Ops <ops@example.com>`, or with blanks around
 * it. `undefined` for an empty text.
 */
export function undecorated(shown: string): string | undefined {
  const inside = shown.match(/<([^<>]*)>\s*$/)?.[1]?.trim() ?? "";
  const text = isAddress(inside) ? inside : shown.trim();
  return text === "" ? undefined : text;
}

export function sameMailbox(left: string, right: string): boolean {
  return mailboxKey(left) === mailboxKey(right);
}

/**
 * True if both are addresses and belong to different mailboxes. False if either is a log-in name: only the mail server
 * knows which mailbox that opens.
 */
export function areTwoMailboxes(left: string, right: string): boolean {
  return isAddress(left) && isAddress(right) && !sameMailbox(left, right);
}

function split(name: string): [local: string, domain: string] {
  const at = name.lastIndexOf("@");
  return at === -1 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
