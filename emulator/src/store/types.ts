/** Mail settings of a grant as sent to connect/custom. Wire names, because they are echoed and stored. */
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

/** An immutable snapshot of a grant: changes replace the object, so it is safe to use after an `await`. */
export interface StoredGrant {
  readonly id: string;
  /** Orders grants that were created within the same second. */
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
  /** Seconds since 1970 at which the grant of a deleted connector is purged. */
  readonly purgeAt?: number;
  readonly state?: string;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly scope?: readonly string[];
  /** Absent for the default workspace. */
  readonly workspaceId?: string;
  readonly settings: ImapSettings;
}

/** An immutable snapshot of a connector. */
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
  /** Users of the embedded servers, stored so that generated passwords survive a restart. */
  users: readonly StoredUser[];
}
