import { randomBytes } from "node:crypto";

const NAME_BYTES = 32;

export interface Limits {
  /** Above this number of values the oldest one is dropped. */
  max: number;
  lifetimeMs: number;
  /** Begins every name. */
  prefix?: string;
}

/** Values under names that nobody can guess, until they expire. They are in memory only: a restart forgets them. */
export class ShortLived<Value> {
  readonly #limits: Limits;
  readonly #entries = new Map<string, { value: Value; expires: number }>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Returns the value's name. */
  issue(value: Value): string {
    const { max, lifetimeMs, prefix = "" } = this.#limits;
    const name = `${prefix}${randomBytes(NAME_BYTES).toString("base64url")}`;
    this.#entries.set(name, { value, expires: Date.now() + lifetimeMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > max && !oldest.done) this.#entries.delete(oldest.value);
    return name;
  }

  find(name: string): Value | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || entry.expires <= Date.now() ? undefined : entry.value;
  }

  drop(name: string): void {
    this.#entries.delete(name);
  }

  dropEach(isMeant: (value: Value) => boolean): void {
    for (const [name, { value }] of this.#entries) if (isMeant(value)) this.#entries.delete(name);
  }
}
