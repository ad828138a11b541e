import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Which connectors this machine's runs have made. A connector has no field that could carry a marker, as a grant has in
 * `state`; so a run that is killed between making it and saving the state would find it and take it for somebody else's.
 * Noted before the request, forgotten when it was refused or the connector is gone. Where the note is missing (a runner
 * that is thrown away, a home that cannot be written), the connector counts as somebody else's: the safe side.
 */
export interface Journal {
  note(): void;
  forget(): void;
  has(): boolean;
}

export function connectorJournal(applicationId: string, owner: string | undefined): Journal {
  const entry = createHash("sha256").update(`${applicationId}:${owner}`).digest("hex");
  const directory = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "nylas-imap", "connectors");
  const file = join(directory, entry);
  return {
    note: () => {
      if (owner === undefined) return;
      attempt(() => {
        mkdirSync(directory, { recursive: true });
        writeFileSync(file, "");
      });
    },
    forget: () => attempt(() => rmSync(file, { force: true })),
    has: () => owner !== undefined && attempt(() => readFileSync(file)) !== undefined,
  };
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
