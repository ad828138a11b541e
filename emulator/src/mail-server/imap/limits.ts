/** What one command may be. Enough for every command of this server; nothing it takes is longer. */
export const COMMAND_LIMITS = {
  /** One line, its line end and literals apart. */
  lineBytes: 8_192,
  literalBytes: 4_096,
  literals: 8,
  /** Lists in lists. */
  depth: 7,
  /** Behind the tag and the name, those in lists and the lists themselves included. */
  args: 128,
} as const;

/** How much of the server one client can take. */
export interface ConnectionLimits {
  connections: number;
  /** From TCP or from STARTTLS to TLS. */
  handshakeMs: number;
  /** From the greeting to a login, however busy the client is. */
  loginMs: number;
  /** Without a byte in either direction. */
  idleMs: number;
  /** From the last answer until the client has closed its side, too. */
  lingerMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 1_000,
  handshakeMs: 10_000,
  loginMs: 60_000,
  idleMs: 120_000,
  lingerMs: 2_000,
};
