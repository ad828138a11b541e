import { homedir } from "node:os";
import { join } from "node:path";

/** Pulumi's home directory, if there is one. An empty PULUMI_HOME counts as unset, as it does for Pulumi. */
export function pulumiHome(): string | undefined {
  if (process.env.PULUMI_HOME) return process.env.PULUMI_HOME;
  // `homedir` throws for a user without a passwd entry, and is empty if HOME is.
  const home = attempt(homedir);
  return home ? join(home, ".pulumi") : undefined;
}

/** Runs a file operation; `undefined` if the file system refuses it. Callers treat that like a missing file. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}
