import type { StoredMessage } from "../mailbox-store.js";
import { type Command, textOf } from "./command-parser.js";
import { type HeaderField, headerFields } from "./message.js";
import { type Candidate, parseSearch, SearchError, type SearchTest } from "./search-keys.js";
import type { Session } from "./session.js";

/** Arguments are decoded as UTF-8, of which US-ASCII is a part. */
const CHARSETS = ["US-ASCII", "UTF-8"];

/** SEARCH and UID SEARCH. */
export function searchMessages(session: Session, command: Command): undefined {
  const folder = session.selected;
  if (folder === undefined) return session.bad(command, "Select a folder first");
  const hasCharset = textOf(command.args[0])?.toUpperCase() === "CHARSET";
  if (hasCharset && !CHARSETS.includes(textOf(command.args[1])?.toUpperCase() ?? "")) {
    return session.no(command, `[BADCHARSET (${CHARSETS.join(" ")})] Unknown charset`);
  }
  const last = { sequence: folder.messages.length, uid: folder.lastUid };
  let fits: SearchTest;
  try {
    fits = parseSearch(command.args.slice(hasCharset ? 2 : 0), last);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    return error.kind === "bad" ? session.bad(command, error.message) : session.no(command, error.message);
  }
  const found: number[] = [];
  for (const [index, message] of folder.messages.entries()) {
    const candidate = candidateOf(message, index + 1);
    if (fits(candidate)) found.push(command.name === "UID SEARCH" ? message.uid : candidate.sequence);
  }
  session.untagged(["SEARCH", ...found].join(" "));
  return session.ok(command, "Done");
}

/** Its header is parsed once, and only if a key asks for it. */
function candidateOf(message: StoredMessage, sequence: number): Candidate {
  let fields: readonly HeaderField[] | undefined;
  return {
    message,
    sequence,
    fields: () => {
      fields ??= headerFields(message.raw);
      return fields;
    },
  };
}
