/** Mail settings of a grant, as connect/custom takes them. Wire names: they are echoed and stored as they are. */
export interface ImapSettings {
  readonly imap_username: string;
  readonly imap_password: string;
  readonly imap_host: string;
  readonly imap_port: number;
  readonly smtp_host?: string;
  readonly smtp_port?: number;
  readonly smtp_username?: string;
  readonly smtp_password?: string;
}

export type GrantStatus = "valid" | "invalid";

/** A grant at one moment. A change replaces it and never writes to it, so a reader may hold it across a wait. */
export interface StoredGrant {
  readonly id: string;
  /** Orders grants that were made within one second. */
  readonly sequence: number;
  readonly provider: string;
  readonly email: string;
  readonly status: GrantStatus;
  /** Nylas: a blocked grant has no access to the API until Nylas lifts that. */
  readonly blocked?: boolean;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** Seconds since 1970 of the last authentication. */
  readonly updatedAt: number;
  /** Seconds since 1970 after which the grant of a deleted connector is gone. */
  readonly purgeAt?: number;
  readonly state?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly scope?: readonly string[];
  readonly settings: ImapSettings;
}

/** A connector at one moment, replaced by a change as a grant is. */
export interface StoredConnector {
  readonly provider: string;
  readonly name?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly scope: readonly string[];
}

export interface StoredUser {
  readonly username: string;
  readonly password: string;
}

/** The content of the state file. Only the store assigns to its fields. */
export interface StoredData {
  readonly applicationId: string;
  readonly organizationId: string;
  nextSequence: number;
  connectors: readonly StoredConnector[];
  grants: readonly StoredGrant[];
  /** The embedded servers' users, so that generated passwords survive a restart. */
  users: readonly StoredUser[];
}
