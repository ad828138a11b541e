import { connectorJournal } from "../../provider/dist/core/ownership/journal.js";
import { nodeProcess } from "../../provider/dist/hosts/node-process.js";

/**
 * One of several processes that share a home directory. It runs each command and answers with what it reads afterwards.
 * `at` is a time of the monotonic clock, which all processes of a machine share, so that several act at the same moment.
 */
export interface Order {
  application: string;
  at: string;
  write?: { owner: string; made: boolean }[];
  forget?: string;
  /** How many times to read. The answer has the distinct owners. */
  reads?: number;
}

process.on("message", ({ application, at, write = [], forget, reads = 1 }: Order) => {
  const journal = connectorJournal(application, nodeProcess(() => undefined).notesDirectory);
  const start = BigInt(at);
  while (process.hrtime.bigint() < start);
  for (const entry of write) journal.write(entry);
  if (forget !== undefined) journal.forget(forget);
  const seen = new Set<string>();
  for (let read = 0; read < reads; read++) seen.add(journal.read()?.owner ?? "none");
  process.send?.([...seen]);
});
