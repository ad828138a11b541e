import { randomUUID } from "node:crypto";
import type { Behaviours } from "../behaviours.js";
import type { GrantStatus, ImapSettings, StoredConnector, StoredData, StoredGrant } from "./types.js";

const MILLISECONDS = 1000;

/** What a successful authentication leaves behind. */
export interface Authentication {
  provider: string;
  settings: ImapSettings;
  state?: string;
  ip?: string;
  userAgent?: string;
}

/** One application: its connectors and its grants. All changes are synchronous, so no two requests interleave. */
export class Store {
  readonly #data: StoredData;
  readonly #behaviours: Behaviours;
  readonly #save: (data: StoredData) => Promise<void>;

  constructor(data: StoredData, behaviours: Behaviours, save: (data: StoredData) => Promise<void>) {
    this.#data = data;
    this.#behaviours = behaviours;
    this.#save = save;
  }

  get applicationId(): string {
    return this.#data.applicationId;
  }

  get organizationId(): string {
    return this.#data.organizationId;
  }

  /** Resolves when the changes so far are kept. */
  saved(): Promise<void> {
    return this.#save(this.#data);
  }

  connectors(): readonly StoredConnector[] {
    return this.#data.connectors;
  }

  connector(provider: string): StoredConnector | undefined {
    return this.#data.connectors.find((connector) => connector.provider === provider);
  }

  addConnector(connector: StoredConnector): void {
    this.#data.connectors.push(connector);
  }

  /** Nylas: the grants stop working at once and are purged after a grace period. */
  deleteConnector(provider: string): void {
    this.#data.connectors = this.#data.connectors.filter((connector) => connector.provider !== provider);
    if (this.#behaviours.connectorDelete === "purge") {
      this.#data.grants = this.#data.grants.filter((grant) => grant.provider !== provider);
      return;
    }
    for (const grant of this.#data.grants) {
      if (grant.provider !== provider) continue;
      grant.status = "invalid";
      grant.purgeAt = nowSeconds() + this.#behaviours.connectorDeleteGraceSeconds;
    }
  }

  grants(): readonly StoredGrant[] {
    this.#purge();
    return this.#data.grants;
  }

  grant(id: string): StoredGrant | undefined {
    return this.grants().find((grant) => grant.id === id);
  }

  grantByEmail(email: string): StoredGrant | undefined {
    return this.grants().find((grant) => sameAddress(grant.email, email));
  }

  /** Nylas: one grant per e-mail and application; authenticating again keeps its id and makes it valid. */
  authenticate(authentication: Authentication): { grant: StoredGrant; created: boolean } {
    const existing = this.grantByEmail(authentication.settings.imap_username);
    if (existing === undefined) {
      return { grant: this.#addGrant(authentication), created: true };
    }
    existing.provider = authentication.provider;
    existing.settings = authentication.settings;
    existing.status = "valid";
    existing.updatedAt = nowSeconds();
    delete existing.purgeAt;
    if (authentication.ip !== undefined) existing.ip = authentication.ip;
    if (authentication.userAgent !== undefined) existing.userAgent = authentication.userAgent;
    const keepsFirst = this.#behaviours.stateEcho === "kept" && existing.state !== undefined;
    if (authentication.state !== undefined && !keepsFirst) existing.state = authentication.state;
    return { grant: existing, created: false };
  }

  setGrantStatus(id: string, status: GrantStatus): void {
    const grant = this.grant(id);
    if (grant !== undefined) grant.status = status;
  }

  deleteGrant(id: string): void {
    this.#data.grants = this.#data.grants.filter((grant) => grant.id !== id);
  }

  setUsers(users: StoredData["users"]): void {
    this.#data.users = users;
  }

  #addGrant(authentication: Authentication): StoredGrant {
    const now = nowSeconds();
    const grant: StoredGrant = {
      ...authentication,
      id: randomUUID(),
      sequence: this.#data.nextSequence++,
      email: authentication.settings.imap_username,
      status: "valid",
      createdAt: now,
      updatedAt: now,
    };
    this.#data.grants.push(grant);
    return grant;
  }

  #purge(): void {
    const now = nowSeconds();
    if (this.#data.grants.some((grant) => isOver(grant, now))) {
      this.#data.grants = this.#data.grants.filter((grant) => !isOver(grant, now));
    }
  }
}

export function emptyData(): StoredData {
  return {
    applicationId: randomUUID(),
    organizationId: randomUUID(),
    nextSequence: 1,
    connectors: [],
    grants: [],
    users: [],
  };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / MILLISECONDS);
}

export function sameAddress(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function isOver(grant: StoredGrant, now: number): boolean {
  return grant.purgeAt !== undefined && grant.purgeAt <= now;
}
