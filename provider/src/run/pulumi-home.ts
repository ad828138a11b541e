import { homedir } from "node:os";
import { join } from "node:path";

/** Where Pulumi keeps its own files: an empty variable counts as unset for it, too. */
export function pulumiHome(): string | undefined {
  if (process.env.PULUMI_HOME) return process.env.PULUMI_HOME;
  // Fails for a user that the system does not know, and is empty where HOME is.
  const home = attempt(homedir);
  return home ? join(home, ".pulumi") : undefined;
}

/** Work on a file of this package's. A file system that refuses is the same as one without the file. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}
