/** Bounds of one command. Every command that this server supports fits. */
export const COMMAND_LIMITS = {
  /** One line, without its line end and its literals. */
  lineBytes: 8_192,
  literalBytes: 4_096,
  literals: 8,
  /** Nesting of lists. */
  depth: 7,
  /** After the tag and the name; counts lists and their items. */
  args: 128,
} as const;

/** Bounds for clients, so that one of them cannot exhaust the server. */
export interface ConnectionLimits {
  connections: number;
  /** For the TLS handshake. */
  handshakeMs: number;
  /** From the greeting to the log-in, even if the client is active. */
  loginMs: number;
  /** Without traffic in either direction. */
  idleMs: number;
  /** From the last response until the client closes its side. */
  lingerMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 1_000,
  handshakeMs: 10_000,
  loginMs: 60_000,
  idleMs: 120_000,
  lingerMs: 2_000,
};
