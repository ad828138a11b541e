import { randomBytes } from "node:crypto";

/** Nylas: a code is short-lived and can be exchanged once. */
const LIFETIME_MS = 600_000;
/** Above this number the oldest code is dropped. */
const MAX_PENDING = 1000;
const CODE_BYTES = 32;

export interface PendingCode {
  grantId: string;
  redirectUri: string;
  challenge?: { value: string; method: string };
}

/** Authorization codes that have been issued and not yet exchanged. */
export class PendingCodes {
  readonly #pending = new Map<string, PendingCode & { expires: number }>();

  issue(pending: PendingCode): string {
    const code = randomBytes(CODE_BYTES).toString("base64url");
    this.#pending.set(code, { ...pending, expires: Date.now() + LIFETIME_MS });
    const oldest = this.#pending.keys().next();
    if (this.#pending.size > MAX_PENDING && !oldest.done) this.#pending.delete(oldest.value);
    return code;
  }

  /** Removes the code, even if the exchange is refused afterwards. */
  redeem(code: string): PendingCode | undefined {
    const pending = this.#pending.get(code);
    this.#pending.delete(code);
    return pending === undefined || pending.expires < Date.now() ? undefined : pending;
  }
}
