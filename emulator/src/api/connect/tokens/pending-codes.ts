import { ShortLived } from "./short-lived.js";

/** Nylas: a code is short-lived and can be exchanged once. */
const LIFETIME_MS = 600_000;
/** Codes. */
const MAX_PENDING = 1000;

export interface PendingCode {
  grantId: string;
  redirectUri: string;
  /** Whether the exchange returns a refresh token. */
  offline: boolean;
  challenge?: { value: string; method: string };
}

/** Authorization codes that have been issued and not yet exchanged. */
export class PendingCodes {
  readonly #pending = new ShortLived<PendingCode>({ max: MAX_PENDING, lifetimeMs: LIFETIME_MS });

  issue(pending: PendingCode): string {
    return this.#pending.issue(pending);
  }

  /** Removes the code, even if the exchange is refused afterwards. */
  redeem(code: string): PendingCode | undefined {
    const pending = this.#pending.find(code);
    this.#pending.drop(code);
    return pending;
  }
}
