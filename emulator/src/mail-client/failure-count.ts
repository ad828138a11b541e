/** Usernames remembered at most; the one that failed longest ago is forgotten first. */
const MAX_USERNAMES = 10_000;
/** Nylas: "auth_limit_reached: the user entered an incorrect password three times". */
const LIMIT = 3;

/** Wrong passwords in a row, by username. */
export class FailureCount {
  readonly #failures = new Map<string, number>();

  /** Counts one more and tells whether the limit is reached. */
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
