import { createTransport } from "nodemailer";
import type { Login } from "./imap.js";
import { inTlsMode, type TlsMode } from "./tls-mode.js";
import { type Category, categoryOf, field } from "./verdict.js";

/** Limits of one attempt, in milliseconds. */
const CONNECT_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

/** Logs in over SMTP without sending anything; never throws. */
export function trySmtp(login: Login): Promise<Category> {
  return inTlsMode(login.port, (mode) => attempt(login, mode));
}

async function attempt(login: Login, mode: TlsMode): Promise<Category> {
  const transport = createTransport({
    host: login.host,
    port: login.port,
    secure: mode === "implicit",
    requireTLS: mode === "starttls",
    auth: { user: login.username, pass: login.password },
    // Without it a server that offers no login on this connection counts as a success.
    forceAuth: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  try {
    await transport.verify();
    return "ok";
  } catch (error) {
    const code = field(error, "code");
    const refused = Reflect.get(Object(error), "responseCode");
    if (code === "EAUTH") return refused === 530 || refused === 538 ? "tls_mode" : "credentials";
    return categoryOf(field(error, "originalCode") ?? code);
  } finally {
    transport.close();
  }
}
