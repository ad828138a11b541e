import type { Category } from "./verdict.js";

/** Whether TLS starts with the connection, or after a STARTTLS command. */
export type TlsMode = "implicit" | "starttls";

type Attempt = (mode: TlsMode, signal: AbortSignal) => Promise<Category>;

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
export function inTlsMode(port: number, attempt: Attempt): Promise<Category> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  // Do not rely on the attempt to end when it is aborted: closing a client does not cancel a DNS look-up.
  const deadline = new Promise<Category>((resolve) => {
    signal.addEventListener("abort", () => resolve("timeout"), { once: true });
  });
  return Promise.race([firstSupportedMode(port, attempt, signal), deadline]);
}

async function firstSupportedMode(port: number, attempt: Attempt, signal: AbortSignal): Promise<Category> {
  const modes = BY_PORT[port] ?? ["implicit", "starttls"];
  let category: Category = "tls_mode";
  for (const mode of modes) {
    category = await attempt(mode, signal);
    if (category !== "tls_mode" || signal.aborted) return category;
  }
  return category;
}
