import type { Category } from "./verdict.js";

/** Whether TLS comes with the connection, or after a STARTTLS command. */
export type TlsMode = "implicit" | "starttls";

const BY_PORT: Record<number, readonly TlsMode[]> = {
  993: ["implicit"],
  465: ["implicit"],
  143: ["starttls"],
  587: ["starttls"],
  25: ["starttls"],
};

/** Tries the modes that a port may speak; only a refused handshake leads to the next, so that credentials go out once. */
export async function inTlsMode(port: number, attempt: (mode: TlsMode) => Promise<Category>): Promise<Category> {
  const modes = BY_PORT[port] ?? ["implicit", "starttls"];
  let category: Category = "tls_mode";
  for (const mode of modes) {
    category = await attempt(mode);
    if (category !== "tls_mode") return category;
  }
  return category;
}
