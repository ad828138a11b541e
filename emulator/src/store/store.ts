import { randomUUID } from "node:crypto";
import type { Behaviors } from "../behaviors.js";
import type { ImapSettings, StoredConnector, StoredData, StoredGrant, StoredUser } from "./types.js";

const MILLISECONDS = 1000;

/** What the store keeps of a successful authentication. */
export interface Authentication {
  readonly provider: string;
  readonly settings: ImapSettings;
  readonly state?: string;
  readonly ip?: string;
  readonly userAgent?: string;
}

type StoreBehaviors = Pick<
  Behaviors,
  "connectorDelete" | "connectorDeleteGraceSeconds" | "stateEcho" | "reauthWorkspace"
>;

/**
 * The connectors and grants of one application. Each change runs synchronously, so requests do not interleave, and its
 * promise resolves when it is saved. The result is a snapshot taken at the change: another request may change or delete
 * the object while the store saves.
 */
export class Store {
  readonly #data: StoredData;
  readonly #behaviors: StoreBehaviors;
  readonly #save: (data: StoredData) => Promise<void>;
  #aheadSeconds = 0;

  /** `save` must resolve when the state at the call or a later one is written; it may read `data` after the call. */
  constructor(data: StoredData, behaviors: StoreBehaviors, save: (data: StoredData) => Promise<void>) {
    this.#data = data;
    this.#behaviors = behaviors;
    this.#save = save;
  }

  /** The API's time in seconds since 1970: this machine's, and as much as the clock was put ahead. */
  nowSeconds(): number {
    return nowSeconds() + this.#aheadSeconds;
  }

  /** Until the emulator ends. */
  get aheadSeconds(): number {
    return this.#aheadSeconds;
  }

  putClockAhead(seconds: number): void {
    this.#aheadSeconds = seconds;
  }

  get applicationId(): string {
    return this.#data.applicationId;
  }

  get organizationId(): string {
    return this.#data.organizationId;
  }

  connectors(): readonly StoredConnector[] {
    return this.#data.connectors;
  }

  connector(provider: string): StoredConnector | undefined {
    return this.#data.connectors.find((connector) => connector.provider === provider);
  }

  addConnector(connector: StoredConnector): Promise<void> {
    return this.#change((data) => {
      data.connectors = [...data.connectors, connector];
    });
  }

  /** Undefined if there is no such connector. */
  updateConnector(
    provider: string,
    changes: Partial<Omit<StoredConnector, "provider">>,
  ): Promise<StoredConnector | undefined> {
    return this.#change((data) => {
      data.connectors = data.connectors.map((connector) => {
        return connector.provider === provider ? { ...connector, ...changes } : connector;
      });
      return this.connector(provider);
    });
  }

  /** Nylas: the grants become invalid at once and are purged after a grace period. */
  deleteConnector(provider: string): Promise<void> {
    return this.#change((data) => {
      data.connectors = data.connectors.filter((connector) => connector.provider !== provider);
      if (this.#behaviors.connectorDelete === "purge") {
        data.grants = data.grants.filter((grant) => grant.provider !== provider);
        return;
      }
      data.grants = data.grants.map((grant) => {
        if (grant.provider !== provider) return grant;
        return {
          ...grant,
          status: "invalid",
          purgeAt: this.nowSeconds() + this.#behaviors.connectorDeleteGraceSeconds,
        };
      });
    });
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

  /** Nylas: one grant per e-mail address and application. Re-authentication keeps the id and makes the grant valid. */
  authenticate(authentication: Authentication): Promise<{ grant: StoredGrant; created: boolean }> {
    return this.#change((data) => {
      const existing = this.grantByEmail(authentication.settings.imap_username);
      if (existing !== undefined) {
        const grant = this.#renewed(existing, authentication);
        this.#replaceGrant(grant);
        return { grant, created: false };
      }
      const grant = newGrant(authentication, data.nextSequence, this.nowSeconds());
      data.nextSequence += 1;
      data.grants = [...data.grants, grant];
      return { grant, created: true };
    });
  }

  /** Undefined if there is no such grant. */
  updateGrant(
    id: string,
    changes: Partial<Pick<StoredGrant, "settings" | "scope" | "workspaceId" | "status" | "blocked">>,
  ): Promise<StoredGrant | undefined> {
    return this.#change(() => {
      const existing = this.grant(id);
      if (existing === undefined) return undefined;
      const grant = { ...existing, ...changes };
      this.#replaceGrant(grant);
      return grant;
    });
  }

  deleteGrant(id: string): Promise<void> {
    return this.#change((data) => {
      data.grants = data.grants.filter((grant) => grant.id !== id);
    });
  }

  setUsers(users: readonly StoredUser[]): Promise<void> {
    return this.#change((data) => {
      data.users = users;
    });
  }

  async #change<Result>(apply: (data: StoredData) => Result): Promise<Result> {
    const result = apply(this.#data);
    await this.#save(this.#data);
    return result;
  }

  #renewed(existing: StoredGrant, authentication: Authentication): StoredGrant {
    const { purgeAt: _purgeAt, workspaceId, ...kept } = existing;
    const keepsWorkspace = workspaceId !== undefined && this.#behaviors.reauthWorkspace === "kept";
    const keepsState = this.#behaviors.stateEcho === "kept" && existing.state !== undefined;
    return {
      ...kept,
      ...authentication,
      ...(keepsWorkspace ? { workspaceId } : {}),
      ...(keepsState ? { state: existing.state } : {}),
      status: "valid",
      updatedAt: this.nowSeconds(),
    };
  }

  #replaceGrant(changed: StoredGrant): void {
    this.#data.grants = this.#data.grants.map((grant) => (grant.id === changed.id ? changed : grant));
  }

  #purge(): void {
    const now = this.nowSeconds();
    if (this.#data.grants.some((grant) => isOver(grant, now))) {
      this.#data.grants = this.#data.grants.filter((grant) => !isOver(grant, now));
    }
  }
}

function newGrant(authentication: Authentication, sequence: number, now: number): StoredGrant {
  return {
    ...authentication,
    id: randomUUID(),
    sequence,
    email: authentication.settings.imap_username,
    status: "valid",
    createdAt: now,
    updatedAt: now,
  };
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
