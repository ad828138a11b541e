/** Above this number the username that failed longest ago is dropped. */
const MAX_USERNAMES = 10_000;
/** Nylas: "auth_limit_reached: the user entered an incorrect password three times". */
const LIMIT = 3;

/** Counts consecutive wrong passwords by username. */
export class FailureCount {
  readonly #failures = new Map<string, number>();

  /** Counts a wrong password; returns true if the limit is reached. */
  failed(username: string): boolean {
    const key = username.toLowerCase();
    const count = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, count);
    const oldest = this.#failures.keys().next();
    if (this.#failures.size > MAX_USERNAMES && !oldest.done) this.#failures.delete(oldest.value);
    return count >= LIMIT;
  }

  succeeded(username: string): void {
    this.#failures.delete(username.toLowerCase());
  }
}
