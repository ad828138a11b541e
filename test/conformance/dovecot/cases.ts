import type { Category } from "../../../provider/src/preflight/verdict.js";
import { AT, type Dovecot, NAMED_ADDRESSES } from "./dovecot.js";
import type { Endpoint } from "./places.js";

/** The two servers of a mailbox. */
export interface Servers {
  imap: Endpoint;
  smtp: Endpoint;
}

/** An address where the ports have their usual numbers. */
export const USUAL = usualNumbersAt(NAMED_ADDRESSES.usual);
/** The same, but each port has the other's TLS mode. */
export const SWAPPED = usualNumbersAt(NAMED_ADDRESSES.swapped);

/** What is at hand for the cases. */
export interface Surroundings {
  dovecot: Dovecot;
  silent: Servers;
  late: Servers;
  endless: Servers;
}

export interface MailCase {
  name: string;
  at(around: Surroundings): Servers;
  login: "right" | "wrong password" | "unknown user";
  /** What a login comes to. */
  imap: Category;
  smtp: Category;
}

/** Ports of any number: the TLS mode is found by trying. */
export const cases: readonly MailCase[] = [
  ...bothModes("good login", AT.good, "right", "ok"),
  ...bothModes("wrong password", AT.good, "wrong password", "credentials"),
  ...bothModes("unknown user", AT.good, "unknown user", "credentials"),
  ...bothModes("untrusted certificate", AT.untrusted, "right", "tls_certificate_untrusted"),
  ...bothModes("self-signed certificate", AT.selfSigned, "right", "tls_certificate_untrusted"),
  ...bothModes("expired certificate", AT.expired, "right", "tls_certificate_expired"),
  ...bothModes("certificate of another name", AT.otherName, "right", "tls_certificate_name"),
  {
    name: "plaintext refused: the server offers nothing else",
    at: ({ dovecot: { ports } }) => ({
      imap: { host: AT.withoutTls, port: ports.imap },
      smtp: { host: AT.withoutTls, port: ports.submission },
    }),
    login: "right",
    imap: "tls_mode",
    smtp: "tls_mode",
  },
  {
    name: "wrong port: one of the other protocol, with implicit TLS",
    at: ({ dovecot: { ports } }) => ({
      imap: { host: AT.good, port: ports.submissions },
      smtp: { host: AT.good, port: ports.imaps },
    }),
    login: "right",
    imap: "timeout",
    smtp: "closed",
  },
  {
    name: "wrong port: one of the other protocol, with STARTTLS",
    at: ({ dovecot: { ports } }) => ({
      imap: { host: AT.good, port: ports.submission },
      smtp: { host: AT.good, port: ports.imap },
    }),
    login: "right",
    imap: "timeout",
    smtp: "closed",
  },
  {
    name: "refused connection: nothing listens there",
    at: () => ({ imap: { host: AT.good, port: 1 }, smtp: { host: AT.good, port: 1 } }),
    login: "right",
    imap: "refused",
    smtp: "refused",
  },
  {
    name: "unknown host",
    at: ({ dovecot: { ports } }) => ({
      imap: { host: "no.such.host.invalid", port: ports.imaps },
      smtp: { host: "no.such.host.invalid", port: ports.submissions },
    }),
    login: "right",
    imap: "unknown_host",
    smtp: "unknown_host",
  },
  { name: "silent server", at: ({ silent }) => silent, login: "right", imap: "timeout", smtp: "timeout" },
  { name: "slow server", at: ({ late }) => late, login: "right", imap: "ok", smtp: "ok" },
  {
    name: "server that talks without end",
    at: ({ endless }) => endless,
    login: "right",
    imap: "timeout",
    smtp: "timeout",
  },
];

/** Each of these ports is known for one TLS mode, and no other is tried. */
export const usualPorts: readonly MailCase[] = [
  {
    name: "good login at 993 and 465",
    at: () => ({ imap: USUAL.imaps, smtp: USUAL.submissions }),
    login: "right",
    imap: "ok",
    smtp: "ok",
  },
  {
    name: "good login at 143 and 587",
    at: () => ({ imap: USUAL.imap, smtp: USUAL.submission }),
    login: "right",
    imap: "ok",
    smtp: "ok",
  },
  {
    name: "TLS mode wrong for the port: STARTTLS at 993 and 465",
    at: () => ({ imap: SWAPPED.imaps, smtp: SWAPPED.submissions }),
    login: "right",
    imap: "tls_mode",
    smtp: "tls_mode",
  },
  {
    name: "TLS mode wrong for the port: implicit TLS at 143 and 587",
    at: () => ({ imap: SWAPPED.imap, smtp: SWAPPED.submission }),
    login: "right",
    // Client and server each wait for the other to begin.
    imap: "timeout",
    smtp: "timeout",
  },
];

function bothModes(name: string, host: string, login: MailCase["login"], category: Category): MailCase[] {
  return [
    {
      name: `${name}, implicit TLS`,
      at: ({ dovecot: { ports } }) => ({
        imap: { host, port: ports.imaps },
        smtp: { host, port: ports.submissions },
      }),
      login,
      imap: category,
      smtp: category,
    },
    {
      name: `${name}, STARTTLS`,
      at: ({ dovecot: { ports } }) => ({
        imap: { host, port: ports.imap },
        smtp: { host, port: ports.submission },
      }),
      login,
      imap: category,
      smtp: category,
    },
  ];
}

function usualNumbersAt(host: string) {
  return {
    host,
    imap: { host, port: 143 },
    imaps: { host, port: 993 },
    submission: { host, port: 587 },
    submissions: { host, port: 465 },
  };
}
