import type { StoredMessage } from "../mailbox-store.js";
import { bodySection, parseSection } from "./body-section.js";
import { type Argument, type Command, textOf } from "./command-parser.js";
import { bodyStructure, envelope, imapDate } from "./format.js";
import type { SelectedFolder } from "./selected-folder.js";
import { parseSequenceSet, type SequenceSet } from "./sequence-set.js";
import type { Session } from "./session.js";

/** Messages are written in pieces of this size, as fast as the client reads them. */
const PIECE_BYTES = 65_536;

const MACROS: Readonly<Record<string, readonly string[]>> = {
  ALL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
  FAST: ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
  FULL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
};

/** FETCH and UID FETCH. */
export function fetchMessages(session: Session, command: Command): undefined {
  const folder = session.selected;
  const items = command.args[1];
  if (folder === undefined || items === undefined) {
    return session.bad(command, "Expected a set of messages and a list of items");
  }
  const byUid = command.name.startsWith("UID ");
  const set = parseSequenceSet(textOf(command.args[0]) ?? "", lastOf(folder, byUid));
  if (set === undefined) return session.bad(command, "Expected a set of messages");
  const wanted = itemNames(items, byUid);
  if (wanted.length === 0 || !wanted.every(isItem)) return session.bad(command, "Unknown item");
  return session.stream(fetched(folder, set, byUid, wanted), () => session.ok(command, "Done"));
}

function* fetched(
  folder: SelectedFolder,
  set: SequenceSet,
  byUid: boolean,
  items: readonly string[],
): Generator<Buffer> {
  for (const [index, message] of folder.messages.entries()) {
    if (!set.has(byUid ? message.uid : index + 1)) continue;
    let separator = `* ${index + 1} FETCH (`;
    for (const item of items) {
      yield Buffer.from(separator);
      yield* inPieces(fetchItem(message, item));
      separator = " ";
    }
    yield Buffer.from(")\r\n");
  }
}

function* inPieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}

function itemNames(items: Argument, byUid: boolean): string[] {
  const names = (items.kind === "list" ? items.items : [items]).map((item) => textOf(item) ?? "");
  const expanded = names.flatMap((name) => MACROS[name.toUpperCase()] ?? [name]);
  return byUid && !expanded.some((name) => name.toUpperCase() === "UID") ? ["UID", ...expanded] : expanded;
}

const ITEMS: Readonly<Record<string, (message: StoredMessage) => string>> = {
  UID: ({ uid }) => String(uid),
  FLAGS: ({ flags }) => `(${[...flags].join(" ")})`,
  INTERNALDATE: ({ received }) => `"${imapDate(received)}"`,
  "RFC822.SIZE": ({ raw }) => String(raw.length),
  ENVELOPE: ({ raw }) => envelope(raw),
  BODY: ({ raw }) => bodyStructure(raw, { extended: false }),
  BODYSTRUCTURE: ({ raw }) => bodyStructure(raw, { extended: true }),
};

function isItem(item: string): boolean {
  return Object.hasOwn(ITEMS, item.toUpperCase()) || parseSection(item) !== undefined;
}

function fetchItem(message: StoredMessage, item: string): Buffer {
  const section = parseSection(item);
  if (section !== undefined) return bodySection(message.raw, section);
  const name = item.toUpperCase();
  // Headers are read as Latin-1, so their bytes stay as they came, in whatever charset.
  return Buffer.from(`${name} ${ITEMS[name]?.(message) ?? "NIL"}`, "latin1");
}

function lastOf(folder: SelectedFolder, byUid: boolean): number {
  return byUid ? folder.lastUid : folder.messages.length;
}
