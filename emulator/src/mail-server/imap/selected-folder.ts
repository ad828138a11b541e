import type { Folder, StoredMessage } from "../mailbox-store.js";

/** A folder as a session has been told of it: messages come and go for it when that is announced (RFC 3501, 5.2 and 7.4.1). */
export class SelectedFolder {
  readonly #folder: Folder;
  #messages: readonly StoredMessage[];

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#messages = [...folder.messages];
  }

  /** A message's number is its place, from 1. */
  get messages(): readonly StoredMessage[] {
    return this.#messages;
  }

  get lastUid(): number {
    return this.#messages.at(-1)?.uid ?? 0;
  }

  /**
   * What has changed since, as untagged responses. Where `numbersStay`, nothing is told while a message has gone: its number would go
   * to another one.
   */
  announce(numbersStay: boolean): string[] {
    const present = [...this.#folder.messages];
    // The oldest go first.
    const oldest = present[0]?.uid ?? Number.POSITIVE_INFINITY;
    const gone = this.#messages.filter(({ uid }) => uid < oldest).length;
    if (gone > 0 && numbersStay) return [];
    const hasGrown = present.length > this.#messages.length - gone;
    this.#messages = present;
    return [...Array<string>(gone).fill("1 EXPUNGE"), ...(hasGrown ? [`${present.length} EXISTS`] : [])];
  }
}
