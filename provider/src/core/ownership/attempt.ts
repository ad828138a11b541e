/** Runs a file operation; `undefined` if the file system refuses it. Callers treat that like a missing file. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}
