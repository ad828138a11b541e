import { FOLDERS, type Folder } from "../mailbox-store.js";
import { type Command, textOf } from "./command-parser.js";
import { quoted } from "./format.js";
import { SelectedFolder } from "./selected-folder.js";
import type { Session } from "./session.js";

const DELIMITER = '"/"';
const MAX_PATTERN = 256;

export function namespace(session: Session, command: Command): undefined {
  session.untagged(`NAMESPACE (("" ${DELIMITER})) NIL NIL`);
  session.ok(command, "Done");
}

/** LIST and LSUB: every user has the same folders and is subscribed to all of them. */
export function list(session: Session, command: Command): undefined {
  const [reference, pattern] = command.args.map(textOf);
  if (reference === undefined || pattern === undefined || (reference + pattern).length > MAX_PATTERN) {
    return session.bad(command, "Expected a reference and a pattern");
  }
  if (pattern === "") {
    session.untagged(`${command.name} (\\Noselect) ${DELIMITER} ""`);
  } else {
    for (const folder of FOLDERS) {
      if (!matches(folder.name, reference + pattern)) continue;
      session.untagged(`${command.name} (${folder.flags}) ${DELIMITER} ${quoted(folder.name)}`);
    }
  }
  return session.ok(command, "Done");
}

export function status(session: Session, command: Command): undefined {
  const folder = folderOf(session, command);
  const items = command.args[1];
  if (folder === undefined) return session.no(command, "[NONEXISTENT] No such folder");
  if (items?.kind !== "list") return session.bad(command, "Expected a list of items");
  const values: Readonly<Record<string, number>> = {
    MESSAGES: folder.messages.length,
    RECENT: 0,
    UIDNEXT: folder.uidNext,
    UIDVALIDITY: folder.uidValidity,
    UNSEEN: folder.messages.filter(({ flags }) => !flags.has("\\Seen")).length,
  };
  const known = items.items
    .map((item) => textOf(item)?.toUpperCase() ?? "")
    .filter((name) => Object.hasOwn(values, name))
    .map((name) => `${name} ${values[name]}`);
  session.untagged(`STATUS ${quoted(folder.name)} (${known.join(" ")})`);
  return session.ok(command, "Done");
}

/**
 * SELECT and EXAMINE. No command changes messages. SELECT calls the folder writable nevertheless, because clients such as
 * Python's imaplib refuse to go on without; that no flag can be kept tells the rest.
 */
export function select(session: Session, command: Command): undefined {
  const folder = folderOf(session, command);
  session.selected = folder && new SelectedFolder(folder);
  if (folder === undefined) return session.no(command, "[NONEXISTENT] No such folder");
  session.untagged("FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
  session.untagged("OK [PERMANENTFLAGS ()] None");
  session.untagged(`${folder.messages.length} EXISTS`);
  session.untagged("0 RECENT");
  session.untagged(`OK [UIDVALIDITY ${folder.uidValidity}] Valid`);
  session.untagged(`OK [UIDNEXT ${folder.uidNext}] Next`);
  return session.ok(command, command.name === "SELECT" ? "[READ-WRITE] Open" : "[READ-ONLY] Open");
}

export function close(session: Session, command: Command): undefined {
  session.selected = undefined;
  session.ok(command, "Done");
}

function folderOf(session: Session, command: Command): Folder | undefined {
  return session.mailboxes.folder(session.user ?? "", textOf(command.args[0]) ?? "");
}

function matches(name: string, pattern: string): boolean {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/[*%]+/g, ".*");
  return new RegExp(`^${expression}$`, "i").test(name);
}
