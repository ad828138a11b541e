import { connectorJournal } from "../../provider/dist/connector/journal.js";

/**
 * One of several processes that share a home. It does what it is told, and answers with what it then reads.
 * `at` is an instant of the monotonic clock, which all processes of a machine share: it makes them meet.
 */
export interface Order {
  application: string;
  at: string;
  write?: { owner: string; made: boolean }[];
  forget?: string;
  /** How often to read, for the distinct owners that were seen. */
  reads?: number;
}

process.on("message", ({ application, at, write = [], forget, reads = 1 }: Order) => {
  const journal = connectorJournal(application);
  const start = BigInt(at);
  while (process.hrtime.bigint() < start);
  for (const entry of write) journal.write(entry);
  if (forget !== undefined) journal.forget(forget);
  const seen = new Set<string>();
  for (let read = 0; read < reads; read++) seen.add(journal.read()?.owner ?? "none");
  process.send?.([...seen]);
});
