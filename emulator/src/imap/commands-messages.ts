import type { Folder, StoredMessage } from "../mail/mailbox-store.js";
import { bodySection, parseSection } from "./body-section.js";
import { type Argument, type Command, textOf } from "./command-parser.js";
import { bodyStructure, envelope, imapDate } from "./format.js";
import type { Session } from "./session.js";

const MACROS: Readonly<Record<string, readonly string[]>> = {
  ALL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
  FAST: ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
  FULL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
};

/** FETCH and UID FETCH. */
export function fetchMessages(session: Session, command: Command): undefined {
  const folder = session.selected;
  const set = textOf(command.args[0]);
  const items = command.args[1];
  if (folder === undefined || set === undefined || items === undefined) {
    return session.bad(command, "Expected a set of messages and a list of items");
  }
  const byUid = command.name.startsWith("UID ");
  const wanted = itemNames(items, byUid);
  // A copy: a delivery may move the folder's messages while the answer is written.
  for (const [index, message] of [...folder.messages].entries()) {
    if (!inSet(set, byUid ? message.uid : index + 1, byUid ? folder.uidNext - 1 : folder.messages.length)) continue;
    const values: Buffer[] = [];
    for (const item of wanted) {
      const value = fetchItem(message, item);
      if (value === undefined) return session.bad(command, "Unknown item");
      values.push(Buffer.from(values.length === 0 ? "" : " "), value);
    }
    session.untagged(Buffer.concat([Buffer.from(`${index + 1} FETCH (`), ...values, Buffer.from(")")]));
  }
  return session.ok(command, "Done");
}

/** SEARCH and UID SEARCH: ALL, and UID or sequence sets; other keys are refused, not guessed. */
export function searchMessages(session: Session, command: Command): undefined {
  const folder = session.selected;
  if (folder === undefined) return session.bad(command, "Select a folder first");
  const keys = command.args.map((argument) => textOf(argument)?.toUpperCase() ?? "");
  if (keys[0] === "CHARSET") keys.splice(0, 2);
  let found = folder.messages.map((message, index) => ({ uid: message.uid, sequence: index + 1 }));
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? "";
    if (key === "ALL") continue;
    const byUid = key === "UID";
    const set = byUid ? (keys[++index] ?? "") : key;
    if (!/^[\d*:,]+$/.test(set)) return session.no(command, "[CANNOT] Only ALL, UID and sets");
    const last = lastOf(folder, byUid);
    found = found.filter((message) => inSet(set, byUid ? message.uid : message.sequence, last));
  }
  const numbers = found.map((message) => (command.name === "UID SEARCH" ? message.uid : message.sequence));
  session.untagged(["SEARCH", ...numbers].join(" "));
  return session.ok(command, "Done");
}

function itemNames(items: Argument, byUid: boolean): string[] {
  const names = (items.kind === "list" ? items.items : [items]).map((item) => textOf(item) ?? "");
  const expanded = names.flatMap((name) => MACROS[name.toUpperCase()] ?? [name]);
  return byUid && !expanded.some((name) => name.toUpperCase() === "UID") ? ["UID", ...expanded] : expanded;
}

function fetchItem(message: StoredMessage, item: string): Buffer | undefined {
  const name = item.toUpperCase();
  switch (name) {
    case "UID":
      return Buffer.from(`UID ${message.uid}`);
    case "FLAGS":
      return Buffer.from(`FLAGS (${[...message.flags].join(" ")})`);
    case "INTERNALDATE":
      return Buffer.from(`INTERNALDATE "${imapDate(message.received)}"`);
    case "RFC822.SIZE":
      return Buffer.from(`RFC822.SIZE ${message.raw.length}`);
    case "ENVELOPE":
      return Buffer.from(`ENVELOPE ${envelope(message.raw)}`);
    case "BODY":
    case "BODYSTRUCTURE":
      return Buffer.from(`${name} ${bodyStructure(message.raw)}`);
    default: {
      const section = parseSection(item);
      return section === undefined ? undefined : bodySection(message.raw, section);
    }
  }
}

function lastOf(folder: Folder, byUid: boolean): number {
  return byUid ? folder.uidNext - 1 : folder.messages.length;
}

/** `1,3:5,7:*`; in a range the larger number may stand first (RFC 3501, 9). */
function inSet(set: string, number: number, last: number): boolean {
  return set.split(",").some((range) => {
    const [from = Number.NaN, to = from] = range.split(":").map((end) => (end === "*" ? last : Number(end)));
    return number >= Math.min(from, to) && number <= Math.max(from, to);
  });
}
