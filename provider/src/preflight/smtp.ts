import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Login } from "./imap.js";
import { inTlsMode, type TlsMode } from "./tls-mode.js";
import { type Category, categoryOf, field } from "./verdict.js";

/** Time limits of one attempt, in milliseconds; nodemailer's names. */
const CONNECT_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

/** Logs in over SMTP and sends no message. Never throws. */
export function trySmtp(login: Login): Promise<Category> {
  return inTlsMode(login.port, (mode, signal) => attempt(login, mode, signal));
}

async function attempt(login: Login, mode: TlsMode, signal: AbortSignal): Promise<Category> {
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
  signal.addEventListener("abort", close);
  try {
    await logIn(connection, login);
    connection.quit();
    return "ok";
  } catch (error) {
    close();
    const code = field(error, "code");
    const refused = Reflect.get(Object(error), "responseCode");
    if (code === "EAUTH") return refused === 530 || refused === 538 ? "tls_mode" : "credentials";
    return categoryOf(field(error, "originalCode") ?? code);
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** Connects and logs in. Rejects too if the server offers no authentication on this connection. */
function logIn(connection: SMTPConnection, { username, password }: Login): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null) => (error ? reject(error) : resolve());
    connection.on("error", reject);
    connection.on("end", () => reject(new Error("the server has closed the connection")));
    connection.connect((error) => {
      if (error) reject(error);
      else connection.login({ user: username, pass: password }, settle);
    });
  });
}
