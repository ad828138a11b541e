import { domainToASCII } from "node:url";

/** The characters of RFC 5322's atoms, those of RFC 6532 beyond ASCII, and dots anywhere: some providers allow more than one. */
const LOCAL_PART = /^(?:[^\s\p{Cc}"(),:;<>@[\\\]]+|"[^\p{Cc}"]+")$/u;
/** Labels, in which some scripts need the joiners U+200C and U+200D. */
const DOMAIN = /^(?:[\p{L}\p{M}\p{N}\p{Join_Control}_-]+\.)*[\p{L}\p{M}\p{N}\p{Join_Control}_-]+\.?$/u;
/** An IP address in the place of a domain, as in `ops@[192.0.2.1]`. */
const ADDRESS_LITERAL = /^\[[0-9a-z.:]+\]$/i;
const BEYOND_ASCII = /\P{ASCII}/u;

/** True for `ops@example.com`; false for a log-in name such as `ops` or `CORP\ops`. */
export function isAddress(name: string): boolean {
  const [local, domain] = split(name);
  return LOCAL_PART.test(local) && (DOMAIN.test(domain) || ADDRESS_LITERAL.test(domain));
}

/**
 * The same text for every spelling of one mailbox: letter case does not matter, and `bücher.example` is
 * `xn--bcher-kva.example`. A log-in name that is no address is only put into lower case.
 */
export function mailboxKey(name: string): string {
  const [local, domain] = split(name);
  if (!DOMAIN.test(domain)) return fold(name);
  // Only beyond ASCII: the URL parser behind `domainToASCII` reads `127.1` as an IP address.
  const ascii = BEYOND_ASCII.test(domain) ? domainToASCII(domain) : "";
  return `${fold(local)}@${ascii === "" ? fold(domain) : ascii}`;
}

export function sameMailbox(left: string, right: string): boolean {
  return mailboxKey(left) === mailboxKey(right);
}

/** True if both are addresses, and of two mailboxes. What a mail server makes of a log-in name is not known here. */
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
