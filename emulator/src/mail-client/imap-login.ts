import { ImapFlow } from "imapflow";
import type { ImapSettings } from "../store/types.js";
import { imapFailure, watchImap } from "./login-failure.js";
import type { Trust } from "./trust.js";
import type { Verdict } from "./verdict.js";

/** From the DNS look-up to the response. Nylas itself gives up after 120 s. */
const LOGIN_DEADLINE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 8_000;
const GREETING_TIMEOUT_MS = 8_000;
const SOCKET_TIMEOUT_MS = 10_000;

const IMAP_STARTTLS_PORT = 143;
const IMAP_TLS_PORT = 993;

type TlsMode = "implicit" | "starttls";

/** Logs in, opens INBOX and logs out again, to check the credentials and the mailbox. */
export async function verifyImapLogin(settings: ImapSettings, trust: Trust): Promise<Verdict> {
  const outcome = await inSession(settings, trust, async () => undefined, "INBOX");
  return outcome.verdict;
}

export type SessionOutcome<Result> =
  | { verdict: "accepted"; result: Result }
  | { verdict: Exclude<Verdict, "accepted"> };

/** Thrown by work in a session: the server refuses a command that it must know. */
export class ServerRefusal extends Error {}

/** Logs in, runs `work` and logs out. Errors of `work` propagate, except those of the server and the deadline. */
export function withImapSession<Result>(
  settings: ImapSettings,
  trust: Trust,
  work: (client: ImapFlow) => Promise<Result>,
): Promise<SessionOutcome<Result>> {
  return inSession(settings, trust, work);
}

async function inSession<Result>(
  settings: ImapSettings,
  trust: Trust,
  work: (client: ImapFlow) => Promise<Result>,
  opens?: "INBOX",
): Promise<SessionOutcome<Result>> {
  const deadline = Date.now() + LOGIN_DEADLINE_MS;
  let outcome: SessionOutcome<Result> = { verdict: "tls_mode" };
  for (const mode of modesOf(settings.imap_port)) {
    outcome = await attempt(settings, trust, { mode, deadline, opens }, work);
    if (outcome.verdict !== "tls_mode") break;
  }
  return outcome;
}

/** Nylas refuses servers without TLS, so there is no plain mode. */
function modesOf(port: number): readonly TlsMode[] {
  if (port === IMAP_STARTTLS_PORT) return ["starttls"];
  if (port === IMAP_TLS_PORT) return ["implicit"];
  return ["implicit", "starttls"];
}

async function attempt<Result>(
  settings: ImapSettings,
  trust: Trust,
  how: { mode: TlsMode; deadline: number; opens: "INBOX" | undefined },
  work: (client: ImapFlow) => Promise<Result>,
): Promise<SessionOutcome<Result>> {
  const client = new ImapFlow({
    host: settings.imap_host,
    port: settings.imap_port,
    auth: { user: settings.imap_username, pass: settings.imap_password },
    ...(how.mode === "implicit" ? { secure: true } : { secure: false, doSTARTTLS: true }),
    ...(trust.secureContext === undefined ? {} : { tls: { secureContext: trust.secureContext } }),
    disableAutoIdle: true,
    logger: false,
    emitLogs: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  const progress = watchImap(client);
  let ranOut = false;
  const timer = setTimeout(
    () => {
      ranOut = true;
      client.close();
    },
    Math.max(how.deadline - Date.now(), 0),
  );
  try {
    try {
      await client.connect();
      if (how.opens !== undefined) await client.mailboxOpen(how.opens, { readOnly: true });
    } catch (error) {
      return { verdict: ranOut ? "timeout" : imapFailure(error, progress).category };
    }
    const result = await work(client);
    await client.logout().catch(() => undefined);
    return { verdict: "accepted", result };
  } catch (error) {
    if (ranOut) return { verdict: "timeout" };
    if (error instanceof ServerRefusal) return { verdict: "other" };
    const isOfServer = !client.usable || typeof Reflect.get(Object(error), "responseStatus") === "string";
    if (!isOfServer) throw error;
    const { category } = imapFailure(error, progress);
    // Of another folder, or of another command.
    return { verdict: category === "no_inbox" ? "other" : category };
  } finally {
    clearTimeout(timer);
    client.close();
  }
}
