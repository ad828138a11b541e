/** Mail settings of a grant, as connect/custom takes them. Wire names: they are echoed and stored as they are. */
export interface ImapSettings {
  imap_username: string;
  imap_password: string;
  imap_host: string;
  imap_port: number;
  smtp_host?: string;
  smtp_port?: number;
  smtp_username?: string;
  smtp_password?: string;
}

export type GrantStatus = "valid" | "invalid";

export interface StoredGrant {
  id: string;
  /** Orders grants that were made within one second. */
  sequence: number;
  provider: string;
  email: string;
  status: GrantStatus;
  /** Seconds since 1970. */
  createdAt: number;
  /** Seconds since 1970 of the last authentication. */
  updatedAt: number;
  /** Seconds since 1970 after which the grant of a deleted connector is gone. */
  purgeAt?: number;
  state?: string;
  ip?: string;
  userAgent?: string;
  scope?: string[];
  settings: ImapSettings;
}

export interface StoredConnector {
  provider: string;
  name?: string;
  settings: Record<string, unknown>;
  scope: string[];
}

export interface StoredData {
  applicationId: string;
  organizationId: string;
  nextSequence: number;
  connectors: StoredConnector[];
  grants: StoredGrant[];
  /** The embedded servers' users, so that generated passwords survive a restart. */
  users: { username: string; password: string }[];
}
