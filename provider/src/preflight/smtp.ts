import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Login } from "./imap.js";
import { smtpFailure } from "./login-failure.js";
import { inTlsMode, type Session, type TlsMode } from "./tls-mode.js";
import { type Outcome, outcomeOf } from "./verdict.js";

/** Time limits of one attempt, in milliseconds; nodemailer's names. */
const CONNECT_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

/** Logs in over SMTP and sends no message. Never throws. */
export function trySmtp(login: Login): Promise<Outcome> {
  return inTlsMode(login.port, (mode, session) => attempt(login, mode, session));
}

async function attempt(login: Login, mode: TlsMode, session: Session): Promise<Outcome> {
  // Use the connection class rather than a nodemailer transport, whose `verify` cannot be aborted.
  const connection = new SMTPConnection({
    host: login.host,
    port: login.port,
    secure: mode === "implicit",
    requireTLS: mode === "starttls",
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  const close = () => connection.close();
  session.signal.addEventListener("abort", close);
  try {
    await connect(connection);
    // nodemailer sends AUTH PLAIN with the password to a server that offers no such log-in.
    if (!offersPasswordLogin(connection.lastServerResponse || "")) {
      connection.quit();
      return { category: "no_password_login", stage: "connect" };
    }
    session.stage = "login";
    await logIn(connection, login);
    connection.quit();
    return { category: "ok", stage: "login" };
  } catch (error) {
    close();
    return outcomeOf(smtpFailure(error, session.stage), session.stage, [login.password]);
  } finally {
    session.signal.removeEventListener("abort", close);
  }
}

function connect(connection: SMTPConnection): Promise<void> {
  return untilEnd(connection, (settle) => connection.connect(settle));
}

function logIn(connection: SMTPConnection, { username, password }: Login): Promise<void> {
  return untilEnd(connection, (settle) => connection.login({ user: username, pass: password }, settle));
}

/** Rejects if the connection fails or ends before `begin` has called back. */
function untilEnd(connection: SMTPConnection, begin: (settle: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.on("error", reject);
    connection.on("end", () => reject(Object.assign(new Error("the connection ended"), { code: "ECONNECTION" })));
    begin((error) => (error ? reject(error) : resolve()));
  });
}

/** Whether the answer to EHLO has a mechanism in which a password can be sent. */
function offersPasswordLogin(ehlo: string): boolean {
  return [...ehlo.matchAll(/^(?:250[ -])?AUTH[ =](.*)$/gim)].some(([, mechanisms = ""]) =>
    mechanisms.split(/[\s=]+/).some((name) => ["PLAIN", "LOGIN", "CRAM-MD5"].includes(name.toUpperCase())),
  );
}
