import { createTransport } from "nodemailer";
import type { ImapSettings } from "../store/types.js";
import { smtpFailure } from "./login-failure.js";
import type { Trust } from "./trust.js";
import type { Verdict } from "./verdict.js";

const CONNECT_TIMEOUT_MS = 8_000;
const GREETING_TIMEOUT_MS = 8_000;
const SOCKET_TIMEOUT_MS = 10_000;
/** For all phases together. */
const SEND_DEADLINE_MS = 20_000;

const SMTP_TLS_PORT = 465;
const SMTP_STARTTLS_PORTS = new Set([25, 587]);

/** A composed message, with the addresses that SMTP takes. */
export interface OutgoingMail {
  from: string;
  to: readonly string[];
  raw: Buffer;
}

/** What came of a send. `rejected`: the server takes the log-in, and refuses the message or at least one recipient for good. */
export type SendOutcome = Verdict | "rejected";

/** The SMTP server of a grant, or undefined if the settings name none. Credentials default to those of IMAP. */
export function smtpServerOf(settings: ImapSettings): SmtpServer | undefined {
  if (!settings.smtp_host || settings.smtp_port === undefined) return undefined;
  return {
    host: settings.smtp_host,
    port: settings.smtp_port,
    user: settings.smtp_username ?? settings.imap_username,
    pass: settings.smtp_password ?? settings.imap_password,
  };
}

export interface SmtpServer {
  host: string;
  port: number;
  user: string;
  pass: string;
}

export async function sendMail(server: SmtpServer, trust: Trust, mail: OutgoingMail): Promise<SendOutcome> {
  const deadline = Date.now() + SEND_DEADLINE_MS;
  let outcome: SendOutcome = "tls_mode";
  for (const implicitTls of modesOf(server.port)) {
    outcome = await attempt(server, trust, mail, implicitTls, deadline);
    if (outcome !== "tls_mode") break;
  }
  return outcome;
}

/** True for implicit TLS, false for STARTTLS; never plain. */
function modesOf(port: number): readonly boolean[] {
  if (port === SMTP_TLS_PORT) return [true];
  return SMTP_STARTTLS_PORTS.has(port) ? [false] : [true, false];
}

function attempt(
  server: SmtpServer,
  trust: Trust,
  mail: OutgoingMail,
  implicitTls: boolean,
  deadline: number,
): Promise<SendOutcome> {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    auth: { user: server.user, pass: server.pass },
    secure: implicitTls,
    requireTLS: !implicitTls,
    forceAuth: true,
    logger: false,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    ...(trust.secureContext === undefined ? {} : { tls: { secureContext: trust.secureContext } }),
    // The message comes from a request: it must not make nodemailer read local files or fetch URLs.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // The signal also closes the connection, so that a send reported as failed is not delivered later.
  const signal = AbortSignal.timeout(Math.max(deadline - Date.now(), 0));
  const { from, to, raw } = mail;
  return transport
    .sendMail({ envelope: { from, to: [...to] }, raw, signal })
    .then(({ rejected }): SendOutcome => (rejected.length === 0 ? "accepted" : "rejected"), outcomeOf);
}

/** nodemailer's codes for a refusal of the sender, of all recipients, and of the message. */
const REJECTIONS: readonly unknown[] = ["EENVELOPE", "EMESSAGE"];
const FIRST_PERMANENT_REPLY = 500;

function outcomeOf(error: unknown): SendOutcome {
  const code: unknown = Reflect.get(Object(error), "code");
  const reply: unknown = Reflect.get(Object(error), "responseCode");
  if (REJECTIONS.includes(code) && Number(reply) >= FIRST_PERMANENT_REPLY) return "rejected";
  return smtpFailure(error, code === "EAUTH" ? "login" : "connect").category;
}
