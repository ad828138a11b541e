import { ImapFlow } from "imapflow";
import { imapFailure, watchImap } from "./login-failure.js";
import { inTlsMode, type Session, type TlsMode } from "./tls-mode.js";
import { type Outcome, outcomeOf } from "./verdict.js";

/** Time limits of one attempt, in milliseconds; imapflow's names. */
const CONNECT_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

export interface Login {
  host: string;
  port: number;
  username: string;
  password: string;
}

/** Logs in over IMAP, opens INBOX for reading and disconnects. Never throws. */
export function tryImap(login: Login): Promise<Outcome> {
  return inTlsMode(login.port, (mode, session) => attempt(login, mode, session));
}

async function attempt(login: Login, mode: TlsMode, session: Session): Promise<Outcome> {
  const client = new ImapFlow({
    host: login.host,
    port: login.port,
    secure: mode === "implicit",
    // Without this option, imapflow continues in plain text if the server offers no STARTTLS.
    ...(mode === "starttls" ? { doSTARTTLS: true } : {}),
    auth: { user: login.username, pass: login.password },
    disableAutoIdle: true,
    logger: false,
    emitLogs: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  const progress = watchImap(client, (stage) => {
    session.stage = stage;
  });
  const close = () => client.close();
  session.signal.addEventListener("abort", close);
  try {
    await client.connect();
    await client.mailboxOpen("INBOX", { readOnly: true });
    await client.logout().catch(() => undefined);
    return { category: "ok", stage: session.stage };
  } catch (error) {
    return outcomeOf(imapFailure(error, progress), session.stage, [login.password]);
  } finally {
    session.signal.removeEventListener("abort", close);
    close();
  }
}
