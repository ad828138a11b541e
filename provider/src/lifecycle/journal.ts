import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";

/** Which resource holds an application's connector, as far as this machine's runs know. */
export interface JournalEntry {
  /** The resource's owner digest. */
  owner: string;
  /** It made the connector, rather than adopting one that was there. */
  made: boolean;
  /** The stack's digest; absent from notes of 0.1.0. */
  stack?: string | undefined;
}

/**
 * Whose an application's connector is. A connector has no field that could carry a marker, as a grant has in `state`; so a
 * run that is killed between making it and saving the state would take it for somebody else's, and the deletion of a
 * renamed resource would take it from its successor. Written before the request that makes or adopts it. Where the note is
 * missing (a runner that is thrown away, a home that cannot be written), a connector that is found counts as somebody
 * else's: the safe side.
 */
export interface Journal {
  read(): JournalEntry | undefined;
  write(entry: JournalEntry): void;
  /** Drops the entry, when it is this owner's. */
  forget(owner: string | undefined): void;
}

const schema = v.object({ owner: v.string(), made: v.boolean(), stack: v.optional(v.string()) });
/** Holds within a run where the file cannot be written. */
const remembered = new Map<string, JournalEntry>();

export function connectorJournal(applicationId: string): Journal {
  const name = createHash("sha256").update(applicationId).digest("hex");
  const file = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "nylas-imap", "connectors", `${name}.json`);
  const read = () => parse(attempt(() => readFileSync(file, "utf8"))) ?? remembered.get(applicationId);
  return {
    read,
    write: (entry) => {
      remembered.set(applicationId, entry);
      attempt(() => {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, JSON.stringify(entry));
      });
    },
    forget: (owner) => {
      if (read()?.owner !== owner) return;
      remembered.delete(applicationId);
      attempt(() => rmSync(file, { force: true }));
    },
  };
}

/** A note that a killed run left half-written is no note. */
function parse(text: string | undefined): JournalEntry | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text ?? "null"));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    // A file system that refuses is the same as one without the note; anything else is a fault of ours.
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}
