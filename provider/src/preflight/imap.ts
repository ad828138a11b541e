import { ImapFlow } from "imapflow";
import { inTlsMode, type TlsMode } from "./tls-mode.js";
import { type Category, categoryOf, field } from "./verdict.js";

/** Time limits of one attempt, in milliseconds; imapflow's names. */
const CONNECT_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

/** imapflow's codes for what was pending when a connection ended. They do not say why it ended. */
const CONNECTION_GONE = ["NoConnection", "EConnectionClosed"];

export interface Login {
  host: string;
  port: number;
  username: string;
  password: string;
}

/** Logs in over IMAP and disconnects. Never throws. */
export function tryImap(login: Login): Promise<Category> {
  return inTlsMode(login.port, (mode, signal) => attempt(login, mode, signal));
}

async function attempt(login: Login, mode: TlsMode, signal: AbortSignal): Promise<Category> {
  const client = new ImapFlow({
    host: login.host,
    port: login.port,
    secure: mode === "implicit",
    // Without this option, imapflow continues in plain text if the server offers no STARTTLS.
    ...(mode === "starttls" ? { doSTARTTLS: true } : {}),
    auth: { user: login.username, pass: login.password },
    verifyOnly: true,
    logger: false,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  // imapflow rejects and also emits `error`; without a listener Node exits.
  let emitted: unknown;
  client.on("error", (error: unknown) => {
    emitted ??= error;
  });
  const close = () => client.close();
  signal.addEventListener("abort", close);
  try {
    await client.connect();
    return "ok";
  } catch (error) {
    if (field(error, "responseStatus") === "NO") return "credentials";
    const rejected = field(error, "code");
    const code = CONNECTION_GONE.includes(rejected ?? "") ? (field(emitted, "code") ?? rejected) : rejected;
    if (code !== undefined) return categoryOf(code);
    return Reflect.get(Object(error), "tlsFailed") === true ? "tls_mode" : "other";
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}
