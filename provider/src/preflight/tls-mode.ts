import type { Category } from "./verdict.js";

/** Whether TLS comes with the connection, or after a STARTTLS command. */
export type TlsMode = "implicit" | "starttls";

type Attempt = (mode: TlsMode, signal: AbortSignal) => Promise<Category>;

const BY_PORT: Record<number, readonly TlsMode[]> = {
  993: ["implicit"],
  465: ["implicit"],
  143: ["starttls"],
  587: ["starttls"],
  25: ["starttls"],
};

/** Of all attempts at one server. The mail clients' limits are of silence, and a server may talk without end. */
const DEADLINE_MS = 30_000;

/**
 * Tries the modes that a port may speak; only a refused handshake leads to the next, so that credentials go out once.
 * The signal ends an attempt that nobody waits for any more.
 */
export function inTlsMode(port: number, attempt: Attempt): Promise<Category> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  // Not every wait of a client ends with its connection: a name look-up does not.
  const late = new Promise<Category>((resolve) => {
    signal.addEventListener("abort", () => resolve("timeout"), { once: true });
  });
  return Promise.race([firstThatFits(port, attempt, signal), late]);
}

async function firstThatFits(port: number, attempt: Attempt, signal: AbortSignal): Promise<Category> {
  const modes = BY_PORT[port] ?? ["implicit", "starttls"];
  let category: Category = "tls_mode";
  for (const mode of modes) {
    category = await attempt(mode, signal);
    if (category !== "tls_mode" || signal.aborted) return category;
  }
  return category;
}
