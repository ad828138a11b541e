import type { Stage } from "./login-failure.js";
import type { Outcome } from "./verdict.js";

/** Whether TLS starts with the connection, or after a STARTTLS command. */
export type TlsMode = "implicit" | "starttls";

/** Shared by all attempts at one server. The deadline reads `stage` even if an attempt does not end when `signal` aborts it. */
export interface Session {
  signal: AbortSignal;
  stage: Stage;
}

type Attempt = (mode: TlsMode, session: Session) => Promise<Outcome>;

const BY_PORT: Record<number, readonly TlsMode[]> = {
  993: ["implicit"],
  465: ["implicit"],
  143: ["starttls"],
  587: ["starttls"],
  25: ["starttls"],
};

/** Time limit of all attempts at one server. The mail clients limit only silence, but a server may send data for ever. */
const DEADLINE_MS = 30_000;

/**
 * Tries the TLS modes that are usual on a port. Only a failed TLS handshake leads to the next mode, so that credentials are
 * sent once. The signal aborts an attempt at the deadline.
 */
export function inTlsMode(port: number, attempt: Attempt): Promise<Outcome> {
  const session: Session = { signal: AbortSignal.timeout(DEADLINE_MS), stage: "connect" };
  // Do not rely on the attempt to end when it is aborted: closing a client does not cancel a DNS look-up.
  const deadline = new Promise<Outcome>((resolve) => {
    const outOfTime = () => resolve({ category: "timeout", stage: session.stage });
    session.signal.addEventListener("abort", outOfTime, { once: true });
  });
  return Promise.race([firstSupportedMode(port, attempt, session), deadline]);
}

async function firstSupportedMode(port: number, attempt: Attempt, session: Session): Promise<Outcome> {
  const modes = BY_PORT[port] ?? ["implicit", "starttls"];
  let outcome: Outcome = { category: "tls_mode", stage: "connect" };
  for (const mode of modes) {
    outcome = await attempt(mode, session);
    if (outcome.category !== "tls_mode" || session.stage !== "connect" || session.signal.aborted) return outcome;
  }
  return outcome;
}
